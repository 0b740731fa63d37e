"""Envoy's HTTP filters: what stands in a request's way, in order, and which routes switch it on.

Everything but the first of them is off unless a route asks for it, so that what goes to the control plane (objects
of gigabytes) streams through untouched:

1. RBAC: which invocations are let in at once? On a workload's door those that the policies of its role allow without a condition; on
   the public one, where it trusts this machine, those that no role's session has signed.
2. External authorisation of all others: the control plane looks at the signature and the policies, and refuses in AWS's words.
3. Buffer: the limit of the body's size. A buffered request can also be sent to a second instance when the first
   refuses it.
4. Lua: container errors become ModelError; captured bodies are copied.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from mlsystem.engine.dataplane import clusters
from mlsystem.engine.dataplane.state import MIB, Door, Endpoint, WorkloadDoor
from mlsystem.engine.dataplane.typed import Json, extension, typed
from mlsystem.engine.decide.arn import Scope

PRINCIPAL_HEADER = "x-mlsystem-principal"
AUTHORIZE_PREFIX = "/_authorize"

RBAC = "mlsystem.rbac"
AUTHORIZATION = "mlsystem.authorization"
BUFFER = "mlsystem.buffer"
LUA = "mlsystem.lua"

# What AWS's SDKs send with the keys of a role's session.
SESSION_HEADER = "x-amz-security-token"
_AT_ONCE = "at_once_"
# Where Envoy's RBAC filter writes, whatever it is called.
_RBAC_METADATA = "envoy.filters.http.rbac"

_LARGEST_SIGNED_BODY_BYTES = 6 * MIB
INVOCATION_PATH = "/endpoints/[^/]+/invocations"


def filter_chain(door: Door, workload: WorkloadDoor | None) -> list[Json]:
    """The filters of one listener; `workload` None is the public door."""
    at_once = _at_once(door, workload)
    chain = [_authorization(is_asked_always=True)] if at_once is None else [_rbac(at_once), _authorization()]
    # The router is left to add the header by which `model_error.lua` knows an answer of the container.
    return [
        *chain,
        _buffer(),
        _lua(),
        extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router"),
    ]


def invocation(endpoint: Endpoint) -> Json:
    """The per-route configuration of an endpoint."""
    script = "captured_invocation" if endpoint.is_captured else "invocation"
    lua = typed("extensions.filters.http.lua.v3.LuaPerRoute", name=script)
    return {**authorized(), **buffered(endpoint.max_body_bytes), LUA: lua}


def authorized() -> Json:
    """The per-route configuration of what only an authorised caller may reach."""
    return {AUTHORIZATION: typed("config.route.v3.FilterConfig", config={})}


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


def _authorization(is_asked_always: bool = False) -> Json:
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
        with_request_body={"max_request_bytes": _LARGEST_SIGNED_BODY_BYTES, "pack_as_bytes": True},
        failure_mode_allow=False,
        status_on_error={"code": 503},
        **when,
    )
    return {"name": AUTHORIZATION, "disabled": True, "typed_config": check}


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
