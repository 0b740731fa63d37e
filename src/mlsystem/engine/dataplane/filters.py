"""Envoy's HTTP filters: what stands in a request's way, in order, and which routes switch it on.

Everything but the first of them is off unless a route asks for it, so that what goes to the control plane (objects
of gigabytes) streams through untouched:

1. RBAC: which invocations are let in at once? On a workload's door those that the policies of its role allow without a condition; on
   the public one, where it trusts this machine, those that no role's session has signed.
2. External authorisation of all others: the control plane looks at the signature and the policies, and refuses in AWS's words.
3. External authorisation of methods of APIs that ask for a signature, on every door: it is the API that asks.
4. Local rate limit: the throttles of a method and of its clients.
5. Buffer: the limit of the body's size. A buffered request can also be sent to a second instance when the first
   refuses it.
6. Lua: container errors become ModelError; captured bodies are copied.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache, partial
from importlib import resources

from mlsystem.engine.dataplane import clusters
from mlsystem.engine.dataplane.state import MIB, Client, Door, Endpoint, Throttle, WorkloadDoor
from mlsystem.engine.dataplane.typed import Json, extension, seconds, typed
from mlsystem.engine.decide.arn import Scope

PRINCIPAL_HEADER = "x-mlsystem-principal"
AUTHORIZE_PREFIX = "/_authorize"

RBAC = "mlsystem.rbac"
AUTHORIZATION = "mlsystem.authorization"
API_AUTHORIZATION = "mlsystem.api_authorization"
THROTTLE = "mlsystem.throttle"
BUFFER = "mlsystem.buffer"
LUA = "mlsystem.lua"

# What AWS's SDKs send with the keys of a role's session.
SESSION_HEADER = "x-amz-security-token"
_AT_ONCE = "at_once_"
# Where Envoy's RBAC filter writes, whatever it is called.
_RBAC_METADATA = "envoy.filters.http.rbac"
API_KEY_HEADER = "x-api-key"
_LARGEST_SIGNED_BODY_BYTES = 6 * MIB
_LARGEST_API_BODY_BYTES = 10 * MIB
# Envoy refills a bucket no oftener than this.
_SHORTEST_FILL_SECONDS = 0.05
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
# More than any door serves: a bucket that limits nobody.
_UNLIMITED = {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"}
INVOCATION_PATH = "/endpoints/[^/]+/invocations"


def filter_chain(door: Door, workload: WorkloadDoor | None) -> list[Json]:
    """The filters of one listener; `workload` None is the public door."""
    at_once = _at_once(door, workload)
    ask = partial(_authorization, AUTHORIZATION, _LARGEST_SIGNED_BODY_BYTES)
    chain = [ask(is_asked_always=True)] if at_once is None else [_rbac(at_once), ask(is_asked_always=False)]
    # The router is left to add the header by which `model_error.lua` knows an answer of the container.
    return [
        *chain,
        _authorization(API_AUTHORIZATION, _LARGEST_API_BODY_BYTES),
        _throttle(),
        _buffer(),
        _lua(),
        _router(),
    ]


def shadow_filter_chain() -> list[Json]:
    """Of copies of requests, which were let in and whose size was looked at before they were made."""
    return [_lua(), _router()]


def invocation(endpoint: Endpoint) -> Json:
    """The per-route configuration of an endpoint."""
    return {**authorized(), **buffered(endpoint.max_body_bytes), **scripted(endpoint)}


def scripted(endpoint: Endpoint) -> Json:
    """The per-route configuration of what a variant answers."""
    script = "captured_invocation" if endpoint.is_captured else "invocation"
    return {LUA: typed("extensions.filters.http.lua.v3.LuaPerRoute", name=script)}


def authorized() -> Json:
    """The per-route configuration of what only an authorised caller may reach."""
    return {AUTHORIZATION: typed("config.route.v3.FilterConfig", config={})}


def signed_for_api() -> Json:
    """The per-route configuration of a method of an API that asks for a signature."""
    return {API_AUTHORIZATION: typed("config.route.v3.FilterConfig", config={})}


def throttled(throttle: Throttle | None, clients: Sequence[Client]) -> Json:
    """The per-route configuration of what has a throttle; nothing where it has none. A client's own counts beside the method's."""
    limited = [(client.key, client.throttle) for client in clients if client.throttle is not None]
    if throttle is None and not limited:
        return {}
    own = [
        {"entries": [{"key": API_KEY_HEADER, "value": key}], "token_bucket": _bucket(theirs)} for key, theirs in limited
    ]
    whose = {"header_name": API_KEY_HEADER, "descriptor_key": API_KEY_HEADER}
    limit = typed(
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="throttle",
        token_bucket=_UNLIMITED if throttle is None else _bucket(throttle),
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        descriptors=own,
        rate_limits=[{"actions": [{"request_headers": whose}]}] if own else [],
    )
    return {THROTTLE: limit}


def _bucket(throttle: Throttle) -> Json:
    tokens = max(1, math.ceil(throttle.rate_per_second * _SHORTEST_FILL_SECONDS))
    return {
        "max_tokens": throttle.burst,
        "tokens_per_fill": tokens,
        "fill_interval": seconds(max(_SHORTEST_FILL_SECONDS, tokens / throttle.rate_per_second)),
    }


def buffered(max_body_bytes: int) -> Json:
    """The per-route configuration of what has a limit of size."""
    return {
        BUFFER: typed("extensions.filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": max_body_bytes})
    }


def error_words(endpoint: Endpoint, scope: Scope) -> Json:
    """What the errors of an endpoint say of it, as route metadata that the Lua filter and the local replies read."""
    group = f"/aws/sagemaker/Endpoints/{endpoint.name}"
    home = f"https://{scope.region}.console.aws.amazon.com/cloudwatch/home?region={scope.region}"
    return {
        "log_group_arn": scope.arn("logs", f"log-group:{group}"),
        "see": f"See {home}#logEventViewer:group={group} in account {scope.account} for more information.",
        "max_body_bytes": str(endpoint.max_body_bytes),
    }


def _at_once(door: Door, workload: WorkloadDoor | None) -> Json | None:
    """The permission of what is let in without a question; None where there is no such thing."""
    if workload is None:
        by_session = {"header": {"name": SESSION_HEADER, "present_match": True}}
        return {"not_rule": by_session} if door.trusts_loopback else None
    if not workload.allowed_endpoints:
        return None
    allowed = {"or_rules": {"rules": [_endpoint_path(name) for name in workload.allowed_endpoints]}}
    denied = [{"not_rule": _endpoint_path(name)} for name in workload.denied_endpoints]
    return {"and_rules": {"rules": [allowed, *denied]}}


def _rbac(permission: Json) -> Json:
    """Refuses nothing: it writes down whether the request has the permission, for the filter behind it."""
    policy = {"permissions": [permission], "principals": [{"any": True}]}
    return extension(
        RBAC,
        "extensions.filters.http.rbac.v3.RBAC",
        shadow_rules={"action": "ALLOW", "policies": {"role": policy}},
        shadow_rules_stat_prefix=_AT_ONCE,
    )


def _endpoint_path(pattern: str) -> Json:
    name = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return _path(f"/endpoints/{name}/invocations")


def _path(expression: str) -> Json:
    return {"url_path": {"path": {"safe_regex": {"regex": expression}}}}


def _authorization(name: str, max_body_bytes: int, is_asked_always: bool = True) -> Json:
    """Asks the control plane, which verifies the signature and the policies, or answers as AWS would.

    Unless the filter before it has written down that the request is let in at once: where it has not, whyever, it is asked.
    """
    not_let_in = {
        "filter": _RBAC_METADATA,
        "path": [{"key": f"{_AT_ONCE}shadow_engine_result"}],
        "value": {"string_match": {"exact": "allowed"}},
        "invert": True,
    }
    when = {} if is_asked_always else {"filter_enabled_metadata": not_let_in}
    everything = {"patterns": [{"safe_regex": {"regex": ".*"}}]}
    answered = {"patterns": [{"exact": name} for name in ("content-type", "x-amzn-errortype", "x-amzn-requestid")]}
    service = {
        "server_uri": {"uri": "http://control-plane", "cluster": clusters.CONTROL_PLANE, "timeout": "10s"},
        "path_prefix": AUTHORIZE_PREFIX,
        "authorization_response": {"allowed_client_headers": answered},
    }
    check = typed(
        "extensions.filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        http_service=service,
        allowed_headers=everything,
        with_request_body={"max_request_bytes": max_body_bytes, "pack_as_bytes": True},
        failure_mode_allow=False,
        status_on_error={"code": 503},
        **when,
    )
    return {"name": name, "disabled": True, "typed_config": check}


def _router() -> Json:
    return extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router")


def _throttle() -> Json:
    limit = typed("extensions.filters.http.local_ratelimit.v3.LocalRateLimit", stat_prefix="throttle")
    return {"name": THROTTLE, "disabled": True, "typed_config": limit}


def _buffer() -> Json:
    limit = typed("extensions.filters.http.buffer.v3.Buffer", max_request_bytes=1)
    return {"name": BUFFER, "disabled": True, "typed_config": limit}


def _lua() -> Json:
    sources = {
        name: {"inline_string": _script("model_error") + _script(name)}
        for name in ("invocation", "captured_invocation")
    }
    return {
        "name": LUA,
        "disabled": True,
        "typed_config": typed("extensions.filters.http.lua.v3.Lua", source_codes=sources),
    }


@cache
def _script(name: str) -> str:
    return (resources.files("mlsystem.engine.dataplane") / "lua" / f"{name}.lua").read_text()
