"""The caller's trace goes on to the endpoint, and nothing that only looks like one."""

from __future__ import annotations

import pytest
import trace_context

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def sent(headers: dict[str, str]) -> dict[str, str]:
    """What is added to a call of the endpoint when the function was asked with these headers."""
    trace_context.take(headers)
    return dict(trace_context.headers())


def test_a_trace_and_its_state_are_handed_on() -> None:
    assert sent({"traceparent": TRACEPARENT, "accept": "*/*"}) == {"traceparent": TRACEPARENT}
    both = {"traceparent": TRACEPARENT, "tracestate": "vendor=1,other=2"}
    assert sent(both) == both


@pytest.mark.parametrize("given", ["", "00-1-2-3", f"{TRACEPARENT}\r\nx-own: 1", TRACEPARENT.upper()])
def test_what_is_malformed_is_no_trace_nor_is_the_one_of_the_request_before(given: str) -> None:
    assert sent({"traceparent": TRACEPARENT}) != {}
    assert sent({"traceparent": given, "tracestate": "vendor=1"}) == {}


def test_x_rays_header_is_what_lambda_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-6a-1;Sampled=1 \r\nx-own: 1")
    assert sent({}) == {"x-amzn-trace-id": "Root=1-6a-1;Sampled=1%20%0D%0Ax-own:%201"}
