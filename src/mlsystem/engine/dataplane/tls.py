"""TLS of the doors: one certificate, which Envoy takes from a file and changes when the file does.

The public listener answers who comes with plain HTTP with the way to the other one: a browser, or a link that a program made which speaks
HTTP inside, is led there; whoever sends anything is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlsystem.engine.dataplane.layout import Layout
from mlsystem.engine.dataplane.state import Door
from mlsystem.engine.dataplane.typed import Json, extension, typed

NAME = "door"
_KIND = "extensions.transport_sockets.tls.v3.Secret"
_READING = "^(GET|HEAD)$"


def secret_resource(chain: str, key: str) -> Json:
    """`chain` and `key` are PEM."""
    pair = {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}}
    return typed(_KIND, name=NAME, tls_certificate=pair)


def inspector() -> Json:
    """Tells the two ways of speaking from each other."""
    return extension("tls-inspector", "extensions.filters.listener.tls_inspector.v3.TlsInspector")


def chains(door: Door, layout: Layout, encrypted: Sequence[Json], plain: Sequence[Json]) -> list[Json]:
    """What is done with a connection of either kind."""
    return [
        {
            "filter_chain_match": {"transport_protocol": "tls"},
            "transport_socket": _transport(layout),
            "transport_socket_connect_timeout": f"{door.headers_seconds:g}s",
            "filters": [*encrypted],
        },
        {"filters": [*plain]},
    ]


def _transport(layout: Layout) -> Json:
    source = {"resource_api_version": "V3", "path_config_source": {"path": str(layout.certificate)}}
    return extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [{"name": NAME, "sds_config": source}],
            "alpn_protocols": ["http/1.1"],
        },
    )


def turned_away(door: Door) -> Json:
    """For plain HTTP at the public listener."""
    words = f"This port speaks HTTPS: https://{door.host}:{door.port}. Nothing was done.\n"
    reading = {"name": ":method", "string_match": {"safe_regex": {"regex": _READING}}}
    told = {"match": {"prefix": "/"}, "direct_response": {"status": 400, "body": {"inline_string": words}}}
    # Not for good: the next engine may speak HTTP, and browsers would remember.
    redirect = {"https_redirect": True, "response_code": "TEMPORARY_REDIRECT"}
    led = {"match": {"prefix": "/", "headers": [reading]}, "redirect": redirect}
    own_names = [f"{name}:{door.port}" for name in dict.fromkeys((door.host, "localhost"))]
    hosts = [
        {"name": "plain", "domains": own_names, "routes": [led, told]},
        # Nobody is led to where a stranger's name leads.
        {"name": "others", "domains": ["*"], "routes": [told]},
    ]
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="plain",
        route_config={"virtual_hosts": hosts},
        http_filters=[extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router")],
        server_header_transformation="PASS_THROUGH",
        request_headers_timeout=f"{door.headers_seconds:g}s",
        common_http_protocol_options={"idle_timeout": f"{door.idle_seconds:g}s"},
    )
