"""Envoy's listeners: the public door and the doors of the workloads.

They share routes and clusters. A listener decides who is speaking: it drops what an outside caller says about that,
and a workload's door writes down the principal that it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlsystem.engine.dataplane import tls, tracing
from mlsystem.engine.dataplane.access_log import access_logs
from mlsystem.engine.dataplane.clusters import has_shadows
from mlsystem.engine.dataplane.filters import PRINCIPAL_HEADER, filter_chain, shadow_filter_chain
from mlsystem.engine.dataplane.layout import Layout
from mlsystem.engine.dataplane.local_reply import local_reply_config
from mlsystem.engine.dataplane.routes import ROUTE_CONFIG, shadow_route_configuration
from mlsystem.engine.dataplane.state import Door, State, WorkloadDoor
from mlsystem.engine.dataplane.typed import Json, extension, header

STAT_PREFIX = "door"
PUBLIC_LISTENER = "public"

# A head above either is refused with 431. Envoy's own defaults, said here because the documentation promises them.
_LARGEST_HEAD_KB = 60
_MOST_HEADERS = 100

# An address range that no caller has: without one, Envoy takes loopback for internal and trusts its `x-envoy-`
# headers.
_NOBODY = {"unix_sockets": False, "cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]}


def listeners(state: State, layout: Layout) -> list[Json]:
    """Every listener, the public one first."""
    address = {"socket_address": {"address": state.door.host, "port_value": state.door.port}}
    limit = _connection_limit(state.door)
    manager = _connection_manager(state, None, layout)
    turned_away = tls.turned_away(state.door) if state.door.has_tls else manager
    public = _listener(PUBLIC_LISTENER, address, state.door, layout, [limit, manager], [limit, turned_away])
    shadows = [_shadow_listener(state, layout)] if has_shadows(state) else []
    return [public, *shadows, *(_workload_listener(workload, state, layout) for workload in state.workloads)]


def _workload_listener(workload: WorkloadDoor, state: State, layout: Layout) -> Json:
    address = {"pipe": {"path": workload.socket, "mode": workload.mode}}
    filters = [_connection_manager(state, workload, layout)]
    return _listener(f"workload:{workload.socket}", address, state.door, layout, filters, filters)


def _shadow_listener(state: State, layout: Layout) -> Json:
    """Where Envoy sends the copies of requests to itself: so they are logged, counted and captured like all others."""
    address = {"pipe": {"path": str(layout.shadow_socket), "mode": 0o600}}
    copied = {
        "route_config": shadow_route_configuration(state),
        "http_filters": shadow_filter_chain(),
        "preserve_external_request_id": True,
    }
    return _plain_listener("shadows", address, [_connection_manager(state, None, layout, copied)])


def _listener(
    name: str, address: Json, door: Door, layout: Layout, encrypted: Sequence[Json], plain: Sequence[Json]
) -> Json:
    """The filters of `encrypted` connections, where there are any, and of `plain` ones."""
    if not door.has_tls:
        return _plain_listener(name, address, plain)
    return {
        **_plain_listener(name, address, plain),
        "listener_filters": [tls.inspector()],
        "listener_filters_timeout": f"{door.headers_seconds:g}s",
        "filter_chains": tls.chains(door, layout, encrypted, plain),
    }


def _plain_listener(name: str, address: Json, filters: Sequence[Json]) -> Json:
    return {
        "name": name,
        "address": address,
        # The others are for those whom the engine has started.
        "ignore_global_conn_limit": name != PUBLIC_LISTENER,
        # A port that another process holds must be an error, not shared with it; so the threads share one socket, evenly.
        "enable_reuse_port": False,
        "connection_balance_config": {"exact_balance": {}},
        "filter_chains": [{"filters": [*filters]}],
    }


def _connection_limit(door: Door) -> Json:
    """What comes above it is closed at once, so the door keeps descriptors for those whom it serves, and for its way to them."""
    return extension(
        "connection-limit",
        "extensions.filters.network.connection_limit.v3.ConnectionLimit",
        stat_prefix="public",
        max_connections=door.most_connections,
    )


def _connection_manager(state: State, workload: WorkloadDoor | None, layout: Layout, own: Json | None = None) -> Json:
    """`own`: what its connections have instead of the shared routes and filters."""
    source = {"resource_api_version": "V3", "path_config_source": {"path": str(layout.routes)}}
    shared = {
        "rds": {"route_config_name": ROUTE_CONFIG, "config_source": source},
        "http_filters": filter_chain(state.door, workload),
    }
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=STAT_PREFIX,
        access_log=access_logs(str(layout.request_log), str(layout.capture_log)),
        local_reply_config=local_reply_config(state.door.scope),
        early_header_mutation_extensions=[_identity(workload)],
        # Nobody outside may steer Envoy by its x-envoy headers, nor choose a request's id.
        use_remote_address=True,
        internal_address_config=_NOBODY,
        server_header_transformation="PASS_THROUGH",
        # Object keys are signed as they are sent: `a//b` and `%2F` stay.
        normalize_path=False,
        merge_slashes=False,
        **tracing.of_connections(state.door),
        # A request may take hours, and be silent in between (an object of gigabytes; a function of fifteen minutes).
        stream_idle_timeout="3600s",
        request_timeout="0s",
        # But its head comes at once.
        request_headers_timeout=f"{state.door.headers_seconds:g}s",
        max_request_headers_kb=_LARGEST_HEAD_KB,
        common_http_protocol_options={
            "idle_timeout": f"{state.door.idle_seconds:g}s",
            "max_headers_count": _MOST_HEADERS,
        },
        **(own or shared),
    )


def _identity(workload: WorkloadDoor | None) -> Json:
    mutations: list[Json] = [{"remove_on_match": {"key_matcher": {"prefix": "x-mlsystem-"}}}]
    if workload is not None:
        mutations.append({"append": header(PRINCIPAL_HEADER, workload.principal_arn.replace("%", "%%"))})
    return extension(
        "identity", "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", mutations=mutations
    )
