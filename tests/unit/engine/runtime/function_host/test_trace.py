"""X-Ray's header of a request, made of W3C's."""

from __future__ import annotations

import pytest

from mlsystem.engine.runtime.function_host.http import Request
from mlsystem.engine.runtime.function_host.trace import with_xray_header

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"


def xray(*headers: tuple[str, str]) -> str | None:
    return with_xray_header(Request("POST", "/", headers, b"")).header("x-amzn-trace-id")


def test_it_is_the_same_trace_and_span() -> None:
    root = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7"
    assert xray(("traceparent", f"{TRACEPARENT}-01")) == f"{root};Sampled=1"
    assert xray(("Traceparent", f"{TRACEPARENT}-00")) == f"{root};Sampled=0"


def test_the_callers_own_stays() -> None:
    assert xray(("traceparent", f"{TRACEPARENT}-01"), ("X-Amzn-Trace-Id", "Root=1-2-3")) == "Root=1-2-3"


@pytest.mark.parametrize("given", [(), (("traceparent", "none"),), (("traceparent", f"{TRACEPARENT}-01-more"),)])
def test_without_a_trace_there_is_none(given: tuple[tuple[str, str], ...]) -> None:
    assert xray(*given) is None
