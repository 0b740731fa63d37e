"""Envoy's clusters: one for every group of sockets among which a request may be sent.

A cluster names its sockets itself. Endpoint discovery, the other way, takes one of the person's inotify instances for every
cluster; the kernel grants 128 to all programs together, and Envoy aborts when it is refused one.
Balancing looks at every instance and takes the least busy, because model servers and function hosts have few workers
and requests are slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlsystem.engine.dataplane.state import Endpoint, FunctionVersion, State, Variant
from mlsystem.engine.dataplane.tracing import collector_cluster
from mlsystem.engine.dataplane.typed import Json, extension, pipe, typed

CONTROL_PLANE = "control-plane"
CONSOLE = "console"
MLFLOW = "mlflow"
# The door through which copies of requests go to shadow variants.
SHADOWS = "shadows"

# Connections that idle this long are closed by Envoy, before the servers behind it (Gunicorn after 2 s, uvicorn after
# 5 s) close them: a request sent into a closing connection would fail.
_UPSTREAM_IDLE = "1s"
_CONNECT_TIMEOUT = "5s"
# Envoy's default of 1024 (3 for retries) protects far servers; the ones here are protected by their own listen
# queues.
_UNLIMITED = 1_000_000
# Copies that a shadow variant has not answered yet: more are not made, so that a slow one holds up nothing.
_MOST_COPIES = 256


def variant_cluster(endpoint: Endpoint, variant: Variant) -> str:
    return f"endpoint/{endpoint.name}/{variant.name}/{variant.fleet}"


def version_cluster(version: FunctionVersion) -> str:
    return f"function/{version.function}/{version.version}"


def all_clusters(state: State, shadow_door: str, late: Iterable[str] = ()) -> list[Json]:
    """The control plane, the console, MLflow and the collector of traces, and one cluster for every variant and function version.

    `late` names clusters that nothing leads to any more, but for requests whose head came before that and whose body comes now: Envoy
    chose their route by the head. They lead to who serves in their place.
    """
    own = {CONSOLE: state.door.console, MLFLOW: state.door.mlflow}
    servers = {name: (socket,) for name, socket in own.items() if socket is not None}
    serving = instance_groups(state)
    heirs = _heirs(state)
    left = {name: heirs[_owner(name)] for name in late if name not in serving and _owner(name) in heirs}
    groups = {CONTROL_PLANE: (state.door.control_plane,), **servers, **serving, **left}
    shadows = [_cluster(SHADOWS, (shadow_door,), _MOST_COPIES)] if has_shadows(state) else []
    collector = [collector_cluster(state.door.collector)] if state.door.collector is not None else []
    return [*(_cluster(name, sockets) for name, sockets in groups.items()), *shadows, *collector]


def has_shadows(state: State) -> bool:
    return any(endpoint.shadow is not None for endpoint in state.endpoints)


def instance_groups(state: State) -> dict[str, tuple[str, ...]]:
    """Sockets by the name of their cluster. An endpoint that is not in service has none."""
    groups = {
        variant_cluster(endpoint, variant): variant.instances
        for endpoint in state.endpoints
        if endpoint.is_in_service
        for variant in endpoint.all_variants
    }
    versions = (version for stage in state.stages for method in stage.methods for version in method.versions)
    return groups | {version_cluster(version): version.hosts for version in versions}


def _owner(cluster: str) -> str:
    """The endpoint or the function that a cluster belongs to."""
    return cluster.rsplit("/", 2 if cluster.startswith("endpoint/") else 1)[0]


def _heirs(state: State) -> dict[str, tuple[str, ...]]:
    """Sockets of the variant, or the version, with the greatest weight, by their owner."""
    weighted = [
        (variant_cluster(endpoint, variant), variant.weight, variant.instances)
        for endpoint in state.endpoints
        if endpoint.is_in_service
        for variant in endpoint.variants
    ]
    versions = (version for stage in state.stages for method in stage.methods for version in method.versions)
    weighted += [(version_cluster(version), version.weight, version.hosts) for version in versions]
    return {_owner(name): sockets for name, _, sockets in sorted(weighted, key=lambda one: one[1]) if sockets}


def _cluster(name: str, sockets: Sequence[str], most_requests: int = _UNLIMITED) -> Json:
    hosts = [{"endpoint": {"address": pipe(path)}} for path in sockets]
    limits = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), most_requests)
    http = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http_protocol_options": {}},
        common_http_protocol_options={"idle_timeout": _UPSTREAM_IDLE},
    )
    least_busy = extension(
        "envoy.load_balancing_policies.least_request",
        "extensions.load_balancing_policies.least_request.v3.LeastRequest",
        selection_method="FULL_SCAN",
    )
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
        "connect_timeout": _CONNECT_TIMEOUT,
        "load_balancing_policy": {"policies": [{"typed_extension_config": least_busy}]},
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http},
    }
