"""X-Ray's name for the trace of a request, which API Gateway adds to its headers and Lambda gives to the function. Pure.

Of a trace that came or was begun by W3C's header it is the same trace: OpenTelemetry's propagator for X-Ray reads it back.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import re
from dataclasses import replace

from .http import Request

XRAY_HEADER = "X-Amzn-Trace-Id"
_TRACEPARENT = re.compile(
    r"00-(?P<epoch>[0-9a-f]{8})(?P<rest>[0-9a-f]{24})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)


def with_xray_header(request: Request) -> Request:
    """The request with the header, unless it has it, or belongs to no trace."""
    found = _TRACEPARENT.fullmatch(request.header("traceparent") or "")
    if found is None or request.header(XRAY_HEADER) is not None:
        return request
    is_sampled = int(found["flags"], 16) & 1
    value = f"Root=1-{found['epoch']}-{found['rest']};Parent={found['span']};Sampled={is_sampled}"
    return replace(request, headers=(*request.headers, (XRAY_HEADER, value)))
