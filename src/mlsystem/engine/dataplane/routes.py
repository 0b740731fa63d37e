"""Envoy's routes: which request goes to which cluster, and what is done to it on the way.

Routes are tried in order, and what no route takes goes to the control plane. All doors share one route configuration;
what differs between them (principal, permission) is in their listeners. A route's name says what it serves, because
the request log and the error texts read it: `endpoint/{name}`, `api/{id}/{stage}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlsystem.engine.contract import CREDENTIALS_PATH
from mlsystem.engine.dataplane import clusters, filters, tracing
from mlsystem.engine.dataplane.resource_path import path_expression, precedence
from mlsystem.engine.dataplane.state import MIB, ApiStage, Client, Door, Endpoint, Method, State, Variant
from mlsystem.engine.dataplane.typed import Json, extension, header, seconds

ROUTE_CONFIG = "door"
# Behind the name of an endpoint, in the host of a copy: Envoy puts it there.
_SHADOW_HOST = "-shadow"
UNKNOWN_ENDPOINT = "unknown-endpoint"
UNKNOWN_VARIANT = "unknown-variant"
UNKNOWN_API = "unknown-api"
NO_CONSOLE = "no-console"
# Behind the name of a stage's route: a request without the key that the method asks for.
NO_KEY = "/no-key"

# Shares of traffic are integers to Envoy.
_WEIGHT_UNITS = 1_000_000
_REQUEST_ID = header("x-amzn-requestid", "%REQ(X-REQUEST-ID)%")
_TARGET_VARIANT = "x-amzn-sagemaker-target-variant"
# Programs outlive the engine: what they ask of one that is away waits until it is back, or until they give up. So does
# what got no answer, which clients of AWS ask again, but not as often as an engine may die. Programs come by a
# workload's door; a build, which has the machine's network, comes by the public one, with a role's session.
_OF_PROGRAMS = [{"name": name, "present_match": True} for name in (filters.PRINCIPAL_HEADER, filters.SESSION_HEADER)]
# The pauses grow to half a second, so this many take some five minutes.
_PATIENCE = {
    "retry_on": "connect-failure,reset",
    "num_retries": 1200,
    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.5s"},
}
# A server of the engine's own that is being started is waited for.
_STARTED_SOON = {**_PATIENCE, "retry_on": "connect-failure", "num_retries": 60}
# What neither a container nor a function is told.
_PRIVATE_HEADERS = [filters.PRINCIPAL_HEADER]


def route_configuration(state: State) -> Json:
    routes = [
        *(
            route
            for endpoint in state.endpoints
            if endpoint.is_in_service
            for route in _endpoint_routes(endpoint, state.door)
        ),
        _refusal(UNKNOWN_ENDPOINT, _post(safe_regex={"regex": filters.INVOCATION_PATH}), 400, filters.authorized()),
        *(route for stage in state.stages for route in _stage_routes(stage, state.door)),
        _refusal(UNKNOWN_API, {"prefix": "/_api/"}, 403),
        *(_console_routes() if state.door.console else ()),
        *(_mlflow_routes() if state.door.mlflow else ()),
        _patient(_forward("credentials", CREDENTIALS_PATH, clusters.CONTROL_PLANE)),
        *(_forward("control-plane", "/", clusters.CONTROL_PLANE, _PATIENCE, headers=[mark]) for mark in _OF_PROGRAMS),
        _forward("control-plane", "/", clusters.CONTROL_PLANE),
    ]
    return {"name": ROUTE_CONFIG, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]}


def shadow_route_configuration(state: State) -> Json:
    """Copies of requests, by the host that `_invocation` has given the request and Envoy the copy."""
    hosts = [
        {
            "name": endpoint.name,
            "domains": [f"{endpoint.name}{_SHADOW_HOST}"],
            "routes": [
                {
                    **_shared(endpoint, state.door, filters.scripted(endpoint)),
                    "match": _post(prefix="/"),
                    "route": {
                        "cluster": clusters.variant_cluster(endpoint, endpoint.shadow.variant),
                        "timeout": seconds(endpoint.timeout_seconds),
                    },
                }
            ],
        }
        for endpoint in state.endpoints
        if endpoint.is_in_service and endpoint.shadow is not None
    ]
    return {"name": "shadows", "virtual_hosts": hosts}


def _shared(endpoint: Endpoint, door: Door, per_filter: Json) -> Json:
    return {
        "name": f"endpoint/{endpoint.name}",
        "metadata": {"filter_metadata": {filters.LUA: filters.error_words(endpoint, door.scope)}},
        "typed_per_filter_config": per_filter,
        **tracing.of_endpoint(endpoint, door),
    }


def _endpoint_routes(endpoint: Endpoint, door: Door) -> Iterator[Json]:
    shared = _shared(endpoint, door, filters.invocation(endpoint))
    path = f"/endpoints/{endpoint.name}/invocations"
    for name in sorted({variant.name for variant in endpoint.variants}):
        targeted = _post({"name": _TARGET_VARIANT, "string_match": {"exact": name}}, path=path)
        fleets = [variant for variant in endpoint.variants if variant.name == name]
        # One of weight 0 can be asked for all the same.
        shares = [(fleet, fleet.weight if len(fleets) > 1 else 1) for fleet in fleets]
        yield {**shared, "match": targeted, **_invocation(endpoint, shares)}
    anything = _post({"name": _TARGET_VARIANT, "present_match": True}, path=path)
    yield _refusal(UNKNOWN_VARIANT, anything, 400, filters.authorized())
    weighted = [(variant, variant.weight) for variant in endpoint.variants if variant.weight > 0]
    yield {**shared, "match": _post(path=path), **_invocation(endpoint, weighted)}


def _invocation(endpoint: Endpoint, weights: Sequence[tuple[Variant, float]]) -> Json:
    weighted = [
        {
            "name": clusters.variant_cluster(endpoint, variant),
            "weight": share,
            "response_headers_to_add": [header("x-amzn-invoked-production-variant", variant.name)],
        }
        for (variant, _), share in zip(weights, _shares([weight for _, weight in weights]), strict=True)
    ]
    return {
        "route": {
            "weighted_clusters": {"clusters": weighted},
            "prefix_rewrite": "/invocations",
            "timeout": seconds(endpoint.timeout_seconds),
            # A model answers the same request again: asking another instance is safe whatever happened to the first. Only
            # one other: a request that crashes programs must not take all instances with it.
            "retry_policy": _retry("connect-failure,refused-stream,reset", count=1),
            **_copied(endpoint),
        },
        "request_headers_to_remove": _PRIVATE_HEADERS,
        "response_headers_to_add": [_REQUEST_ID],
        "request_body_buffer_limit": endpoint.max_body_bytes + MIB,
    }


def _copied(endpoint: Endpoint) -> Json:
    """A part of the requests is sent to the shadow variant too, and nobody waits for what it answers."""
    if endpoint.shadow is None:
        return {}
    part = {"numerator": round(endpoint.shadow.part * _WEIGHT_UNITS), "denominator": "MILLION"}
    copies = [{"cluster": clusters.SHADOWS, "runtime_fraction": {"default_value": part}}]
    return {"request_mirror_policies": copies, "host_rewrite_literal": endpoint.name}


def _stage_routes(stage: ApiStage, door: Door) -> Iterator[Json]:
    """API Gateway chooses the resource by its path alone; then a method that this one lacks is refused."""
    name = f"api/{stage.api_id}/{stage.stage}"
    base = re.escape(f"/_api/{stage.api_id}/{stage.stage}")
    for resource in sorted({method.resource for method in stage.methods}, key=precedence):
        match = {"safe_regex": {"regex": base + path_expression(resource)}}
        offered = [method for method in stage.methods if method.resource == resource]
        for method in sorted(offered, key=lambda method: method.http_method == "ANY"):
            traced = tracing.of_method(method, stage, door)
            yield from ({**route, **traced} for route in _method_routes(name, match, method, stage))
        yield _refusal(name, match, 403)
    yield _refusal(name, {"path_separated_prefix": f"/_api/{stage.api_id}/{stage.stage}"}, 403)


def _method_routes(name: str, match: Json, method: Method, stage: ApiStage) -> Iterator[Json]:
    """By an allowed key only, where the method asks for one; a throttle of nothing refuses all."""
    if method.http_method != "ANY":
        match = {**match, "headers": [{"name": ":method", "string_match": {"exact": method.http_method}}]}
    if method.throttle is not None and method.throttle.is_closed:
        yield _refusal(name, match, 429)
    elif method.clients is None:
        yield _integration(name, match, method, stage)
    else:
        closed = [client for client in method.clients if client.throttle is not None and client.throttle.is_closed]
        if closed:
            yield _refusal(name, _with_key(match, closed), 429)
        served = [client for client in method.clients if client not in closed]
        if served:
            yield _integration(name, _with_key(match, served), method, stage, served)
        yield _refusal(name + NO_KEY, match, 403)


def _with_key(match: Json, clients: Sequence[Client]) -> Json:
    keys = "|".join(re.escape(client.key) for client in clients)
    known = {"name": filters.API_KEY_HEADER, "string_match": {"safe_regex": {"regex": keys}}}
    return {**match, "headers": [*match.get("headers", ()), known]}


def _integration(name: str, match: Json, method: Method, stage: ApiStage, clients: Sequence[Client] = ()) -> Json:
    versions = [version for version in method.versions if version.weight > 0]
    shares = _shares([version.weight for version in versions])
    weighted = [
        {"name": clusters.version_cluster(version), "weight": share}
        for version, share in zip(versions, shares, strict=True)
    ]
    return {
        "name": name,
        "match": match,
        "route": {
            "weighted_clusters": {"clusters": weighted},
            "timeout": seconds(stage.timeout_seconds),
            # A function may have acted before its host died: only what never reached it is sent again, as in AWS.
            "retry_policy": _retry("connect-failure,refused-stream,reset-before-request"),
        },
        "request_headers_to_remove": _PRIVATE_HEADERS,
        "response_headers_to_add": [_REQUEST_ID],
        "request_body_buffer_limit": stage.max_body_bytes + MIB,
        "typed_per_filter_config": {
            **filters.buffered(stage.max_body_bytes),
            **filters.throttled(method.throttle, clients),
            **(filters.signed_for_api() if method.is_signed else {}),
        },
    }


def _console_routes() -> Iterator[Json]:
    """It acts with the account's own key, so it is for people: no program of a workload reaches it."""
    of_program = {"name": filters.PRINCIPAL_HEADER, "present_match": True}
    yield _refusal(NO_CONSOLE, {"prefix": "/_console/", "headers": [of_program]}, 403)
    yield _forward("console", "/_console/", clusters.CONSOLE, _STARTED_SOON)


def _mlflow_routes() -> Iterator[Json]:
    """For people and programs alike: MLflow asks nobody who he is."""
    bare = {"name": "mlflow", "match": {"path": "/_mlflow"}, "redirect": {"path_redirect": "/_mlflow/"}}
    yield bare
    yield _forward("mlflow", "/_mlflow/", clusters.MLFLOW, _STARTED_SOON)


def _forward(name: str, prefix: str, cluster: str, retry: Json | None = None, **match: object) -> Json:
    """Streams both ways for as long as it takes."""
    return {
        "name": name,
        "match": {"prefix": prefix, **match},
        "route": {"cluster": cluster, "timeout": "0s", "retry_policy": retry or _retry("connect-failure")},
    }


def _patient(route: Json) -> Json:
    """Waits for a control plane that is being started again, nearly as long as SDKs wait for keys (2 s, three times)."""
    retry = {**route["route"]["retry_policy"], "num_retries": 100}
    retry["retry_back_off"] = {"base_interval": "0.05s", "max_interval": "0.1s"}
    return {**route, "route": {**route["route"], "timeout": "1.9s", "retry_policy": retry}}


def _refusal(name: str, match: Json, status: int, per_route: Json | None = None) -> Json:
    """An answer of the door itself; `local_reply` has the words, by the name of the route."""
    return {
        "name": name,
        "match": match,
        "direct_response": {"status": status},
        "typed_per_filter_config": per_route or {},
    }


def _post(*headers: Json, **path: object) -> Json:
    return {**path, "headers": [{"name": ":method", "string_match": {"exact": "POST"}}, *headers]}


def _shares(weights: Sequence[float]) -> list[int]:
    total = sum(weights)
    return [max(1, round(weight / total * _WEIGHT_UNITS)) for weight in weights]


def _retry(conditions: str, count: int = 2) -> Json:
    previous = extension(
        "envoy.retry_host_predicates.previous_hosts", "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    )
    return {
        "retry_on": conditions,
        "num_retries": count,
        "retry_host_predicate": [previous],
        # Drawing lots again and again until it is another one than before.
        "host_selection_retry_max_attempts": 30,
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.025s"},
    }
