"""The caller's trace goes on to the endpoint: W3C's traceparent and tracestate, as they came with the API's request.

Whoever watches both, as the local engine's front door does, then has one trace of API, function and endpoint. SageMaker passes
on to a container no header but its own: on AWS this trace ends with the endpoint's answer. X-Ray's is sent as boto3 sends it.
https://www.w3.org/TR/trace-context/
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar
from urllib.parse import quote

FORMS = {
    "traceparent": re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,200})?"),
    "tracestate": re.compile(r"[\x20-\x7e]{1,512}"),
}

XRAY_HEADER = "x-amzn-trace-id"
XRAY_SAFE = "-=;:+&[]{}\"',"

_taken: ContextVar[Mapping[str, str] | None] = ContextVar("taken", default=None)


def take(headers: Mapping[str, str]) -> None:
    """Of the request that is worked on; names in small letters. What is malformed is no trace."""
    found = {name: headers[name] for name, form in FORMS.items() if form.fullmatch(headers.get(name, ""))}
    _taken.set(found if "traceparent" in found else None)


def headers() -> Mapping[str, str]:
    """What the call of the endpoint is sent with, apart from its signature: whoever is on the way may put a span in between."""
    trace_id = os.environ.get("_X_AMZN_TRACE_ID", "")
    return {**(_taken.get() or {}), **({XRAY_HEADER: quote(trace_id, safe=XRAY_SAFE)} if trace_id else {})}
