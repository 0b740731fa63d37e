"""The data plane: one Envoy process is the only front door, and this package tells it what to do.

`state.State` says what the door serves; `xds` turns it into Envoy's files, a pure function; `DataPlane.apply` writes
what changed in an order that loses no request. What passed through comes back by two spools that Envoy writes:
captured bodies (`captured`) and one line a request (`requests`), from which `metrics` makes AWS's figures. No Python
sits in the request's path.
"""
