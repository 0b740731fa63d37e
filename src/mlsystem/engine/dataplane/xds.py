"""The state as Envoy's files: a pure function, and the order in which a change of them is written.

Each file is a discovery response whose version is the hash of its content, so that equal states make equal files and
Envoy's word for "applied" can be compared with what was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mlsystem.engine.dataplane import clusters, tls
from mlsystem.engine.dataplane.layout import Layout
from mlsystem.engine.dataplane.listeners import STAT_PREFIX, listeners
from mlsystem.engine.dataplane.routes import ROUTE_CONFIG, route_configuration
from mlsystem.engine.dataplane.state import State
from mlsystem.engine.dataplane.typed import Json, pipe, typed

_RESOURCE = "type.googleapis.com/envoy.config."


@dataclass(frozen=True)
class XdsFile:
    """A discovery response on its way to `path`; `stat` is the prefix of the statistics in which Envoy tells its
    version."""

    path: Path
    stat: str
    version: str
    content: str


@dataclass(frozen=True)
class XdsFiles:
    """The whole configuration."""

    listeners: XdsFile
    routes: XdsFile
    clusters: XdsFile

    def all(self) -> list[XdsFile]:
        return [self.clusters, self.routes, self.listeners]


def bootstrap(layout: Layout, most_sockets: int) -> str:
    """What Envoy is started with, the same for every state: where to be administered, and where to find everything else.

    `most_sockets` of the public listener are held at all, also those that have not yet said whether they speak TLS: they are not among
    the connections that the listener counts.
    """
    limit = typed(
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=most_sockets,
    )
    monitor = {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": limit}
    dynamic = {
        name: {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}
        for name, path in (("lds_config", layout.listeners), ("cds_config", layout.clusters))
    }
    document = {
        "node": {"id": "mlsystem", "cluster": "mlsystem"},
        "admin": {"address": pipe(str(layout.admin_socket)), "ignore_global_conn_limit": True},
        "overload_manager": {"resource_monitors": [monitor]},
        "dynamic_resources": dynamic,
    }
    return json.dumps(document, indent=1)


def render(state: State, layout: Layout, late: Collection[str] = ()) -> XdsFiles:
    """Every file of the configuration; `late` as in `clusters.all_clusters`."""
    return XdsFiles(
        listeners=_file(layout.listeners, "listener_manager.lds", "listener.v3.Listener", listeners(state, layout)),
        routes=_file(
            layout.routes,
            f"http.{STAT_PREFIX}.rds.{ROUTE_CONFIG}",
            "route.v3.RouteConfiguration",
            [route_configuration(state)],
        ),
        clusters=_clusters_file(layout.clusters, clusters.all_clusters(state, str(layout.shadow_socket), late)),
    )


def certificate(layout: Layout, chain: str, key: str) -> XdsFile:
    """It is taken up by the listeners that have TLS, whenever there are any."""
    return _written(layout.certificate, f"sds.{tls.NAME}", [tls.secret_resource(chain, key)])


def plan(new: XdsFiles, written: Mapping[Path, str]) -> list[tuple[XdsFile, ...]]:
    """How to get from the files that are `written` to the new ones: which to write together; Envoy takes them up before the next.

    Clusters come before the routes that name them, and go after; so at every moment every route has its clusters.
    """
    both = new.clusters if written.get(new.clusters.path) == new.clusters.content else _with_present(new, written)
    steps = [
        _changed([both], written),
        _changed([new.routes, new.listeners], written),
        _changed([new.clusters], {both.path: both.content}),
    ]
    return [step for step in steps if step]


def _with_present(new: XdsFiles, written: Mapping[Path, str]) -> XdsFile:
    """The new clusters, and those that are there now."""
    wanted = _resources(new.clusters.content)
    names = {cluster["name"] for cluster in wanted}
    present = _resources(written.get(new.clusters.path, ""))
    return _clusters_file(
        new.clusters.path, [*wanted, *(cluster for cluster in present if cluster["name"] not in names)]
    )


def cluster_names(layout: Layout, written: Mapping[Path, str]) -> list[str]:
    """Of the clusters that are there now."""
    return [cluster["name"] for cluster in _resources(written.get(layout.clusters, ""))]


@lru_cache(maxsize=2)
def _resources(content: str) -> list[Json]:
    """Of a file; most changes leave the clusters as they are."""
    found: list[Json] = json.loads(content)["resources"] if content else []
    return found


def _changed(files: Iterable[XdsFile], written: Mapping[Path, str]) -> tuple[XdsFile, ...]:
    return tuple(file for file in files if written.get(file.path) != file.content)


def _clusters_file(path: Path, resources: list[Json]) -> XdsFile:
    by_name = sorted(resources, key=lambda cluster: str(cluster["name"]))
    return _file(path, "cluster_manager.cds", "cluster.v3.Cluster", by_name)


def _file(path: Path, stat: str, kind: str, resources: list[Json]) -> XdsFile:
    return _written(path, stat, [{"@type": _RESOURCE + kind, **resource} for resource in resources])


def _written(path: Path, stat: str, resources: list[Json]) -> XdsFile:
    # On one line: with an indentation Python's slow encoder would write it, anew with every instance that comes or goes.
    text = json.dumps(resources)
    version = hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
    return XdsFile(path, stat, version, f'{{"version_info": "{version}", "resources": {text}}}')
