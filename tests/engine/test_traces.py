"""Traces: one for a request to the API, its function, and the instance that it asks."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlsystem.engine.dataplane.layout import Layout
from tests.functions import archive, make_api, make_function
from tests.live import LiveEngine, eventually
from tests.otlp import Collector, Span
from tests.serving import Serving

API_CODE = Path(__file__).parents[2] / "project" / "api"
FILES = ("app.py", "answered.py", "embedded_metrics.py", "sagemaker_runtime.py", "trace_context.py")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
SPANS = 4


@dataclass(frozen=True)
class Traced:
    """An API before an endpoint on an engine that sends traces."""

    engine: LiveEngine
    collector: Collector
    endpoint: str
    path: str

    def ask(self, path: str, body: bytes = b"context", **headers: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.engine.url + path, body, {"Content-Type": "text/csv", **named})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def ended(self, trace: str) -> dict[str, Span]:
        """The spans of a trace by kind and name, once Envoy has sent them all."""
        found = eventually(lambda: len(self.collector.of_trace(trace)) >= SPANS and self.collector.of_trace(trace))
        return {f"{span.kind} {span.name}": span for span in found}


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    with Collector() as collector:
        live = LiveEngine(tmp_path_factory.mktemp("traced"), options=("--otlp", collector.url))
        try:
            live.start()
            serving = Serving(live)
            endpoint = serving.endpoint(serving.simple_config())
            code = archive({name: (API_CODE / name).read_text() for name in FILES})
            variables = {"ENDPOINT_NAME": endpoint, "CORS_ORIGIN": "", "METRIC_NAMESPACE": "traced"}
            function = make_function(
                live,
                "traced-api",
                "",
                Code={"ZipFile": code},
                Runtime="python3.13",
                Handler="app.handler",
                Environment={"Variables": variables},
                Timeout=25,
            )
            yield Traced(live, collector, endpoint, make_api(live, "traced", function))
        finally:
            live.stop()


def test_the_trace_of_a_caller_goes_through_api_and_function_to_the_instance(traced: Traced) -> None:
    seen = json.loads(
        traced.ask(traced.path, traceparent=f"00-{TRACE}-{CALLER}-01", X_Amzn_SageMaker_Inference_Id="i1")
    )
    spans = traced.ended(TRACE)
    api, function = spans["SERVER POST /api"], spans["CLIENT Lambda.Invoke"]
    invocation, instance = spans["SERVER SageMaker Runtime.InvokeEndpoint"], spans["CLIENT POST /invocations"]
    assert [span.parent for span in (api, function, invocation, instance)] == [
        CALLER,
        api.id,
        function.id,
        invocation.id,
    ]
    given = {name.lower(): value for name, value in seen.items()}
    assert given["traceparent"] == f"00-{TRACE}-{instance.id}-01", "the program continues the trace"
    assert given["x-amzn-trace-id"] == f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={function.id};Sampled=1"
    assert {span.service for span in spans.values()} == {"mlsystem"}
    assert api.attributes["http.route"] == "/api"
    assert api.attributes["http.status_code"] == "200"
    assert invocation.attributes["rpc.method"] == "InvokeEndpoint"
    assert invocation.attributes["aws.sagemaker.endpoint"] == traced.endpoint
    assert invocation.attributes["aws.sagemaker.inference_id"] == "i1"
    assert instance.attributes["upstream_cluster"].startswith(f"endpoint/{traced.endpoint}/AllTraffic/")
    assert traced.collector.paths == {"/v1/traces"}


def test_who_brings_no_trace_begins_one_and_who_wants_none_has_none(traced: Traced) -> None:
    unwanted = uuid.uuid4().hex
    traced.ask(traced.path, traceparent=f"00-{unwanted}-{CALLER}-00")
    traced.engine.client("sagemaker").describe_endpoint(EndpointName=traced.endpoint)
    traced.ask(f"/endpoints/{traced.endpoint}/invocations", X_Amzn_SageMaker_Inference_Id="alone")

    def begun() -> list[Span]:
        return [one for one in traced.collector.spans if one.attributes.get("aws.sagemaker.inference_id") == "alone"]

    [first, *rest] = sorted(eventually(begun), key=lambda span: span.parent)
    assert (first.kind, first.parent) == ("SERVER", "")
    assert {span.trace for span in rest} <= {first.trace}
    assert traced.collector.of_trace(unwanted) == []
    assert {span.name for span in traced.collector.spans} == {
        *("POST /api", "Lambda.Invoke", "SageMaker Runtime.InvokeEndpoint", "POST /invocations")
    }, "what goes to the control plane is no trace"


def test_a_collector_that_is_away_costs_no_request(traced: Traced) -> None:
    traced.collector.close()
    assert b"traceparent" in traced.ask(traced.path)


def test_an_engine_that_is_told_of_no_collector_has_nothing_of_this_in_its_door(engine: LiveEngine) -> None:
    door = Layout(engine.folder / "door")
    for path in (door.listeners, door.routes, door.clusters):
        assert "tracing" not in path.read_text() and "collector" not in path.read_text()
