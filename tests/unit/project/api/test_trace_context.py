"""The caller's trace goes on to the endpoint, and nothing that only looks like one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
import trace_context

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PROJECT = Path(__file__).parents[4] / "project"


def sent(headers: dict[str, str], operation: str = "InvokeEndpoint") -> dict[str, str]:
    """What boto3 adds to a request when the function was asked with these headers."""
    client = boto3.client("sagemaker-runtime", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    trace_context.hand_on(client)
    trace_context.take(headers)
    request = SimpleNamespace(headers={})
    client.meta.events.emit(f"before-send.sagemaker-runtime.{operation}", request=request)
    return dict(request.headers)


def test_a_trace_and_its_state_are_handed_on() -> None:
    assert sent({"traceparent": TRACEPARENT, "accept": "*/*"}) == {"traceparent": TRACEPARENT}
    both = {"traceparent": TRACEPARENT, "tracestate": "vendor=1,other=2"}
    assert sent(both) == both


@pytest.mark.parametrize("given", ["", "00-1-2-3", f"{TRACEPARENT}\r\nx-own: 1", TRACEPARENT.upper()])
def test_what_is_malformed_is_no_trace_nor_is_the_one_of_the_request_before(given: str) -> None:
    assert sent({"traceparent": TRACEPARENT}) != {}
    assert sent({"traceparent": given, "tracestate": "vendor=1"}) == {}


def test_the_image_and_the_zip_file_hand_on_the_same() -> None:
    mine, images = (PROJECT / folder / "trace_context.py" for folder in ("api", "container/code"))
    assert mine.read_text() == images.read_text()
