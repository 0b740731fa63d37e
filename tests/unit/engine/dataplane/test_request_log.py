"""The figures that come out of what the door served."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mlsystem.engine.dataplane.metrics import API_GATEWAY, SAGEMAKER, request_metrics
from mlsystem.engine.dataplane.requests import Request, served_requests
from mlsystem.engine.dataplane.state import ApiStage, Endpoint, FunctionVersion, Method, State, Variant, WorkloadDoor
from tests.unit.engine.dataplane.rig import Answer, Rig, Seen, await_true

if TYPE_CHECKING:
    from mlsystem.engine.decide.metric_data import Datum


def test_invocations_become_sagemakers_metrics(rig: Rig) -> None:
    instance = rig.upstream("a", lambda seen: Answer(int(seen.body)))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    for status in (200, 200, 200, 404, 500, 503):
        rig.invoke("flights", str(status).encode())
    data = request_metrics(_served(rig, 6), {("flights", "A"): 2}, {})[SAGEMAKER]
    dimensions = (("EndpointName", "flights"), ("VariantName", "A"))
    assert _sum(data, "Invocations", dimensions) == (6, 6)
    assert _sum(data, "Invocation4XXErrors", dimensions) == (1, 6)
    assert _sum(data, "Invocation5XXErrors", dimensions) == (2, 6)
    assert _sum(data, "InvocationModelErrors", dimensions) == (3, 6)
    assert _sum(data, "InvocationsPerInstance", dimensions) == (3, 6)
    assert _sum(data, "ModelLatency", dimensions)[1] == _sum(data, "OverheadLatency", dimensions)[1] == 6


def test_the_latency_of_a_model_is_told_in_microseconds(rig: Rig) -> None:
    release = threading.Event()

    def slow(_: Seen) -> Answer:
        release.wait(10)
        return Answer()

    instance = rig.upstream("a", slow)
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    caller = threading.Thread(target=rig.invoke, args=("flights",))
    started = time.monotonic()
    caller.start()
    await_true(lambda: bool(instance.seen), "the request arrived")
    arrived = time.monotonic()
    await_true(lambda: time.monotonic() - arrived > 0.05, "some time has passed")
    shortest = time.monotonic() - arrived
    release.set()
    caller.join()
    longest = time.monotonic() - started
    (request,) = _served(rig, 1)
    assert request.upstream_us is not None and request.total_us is not None
    assert shortest * 1e6 <= request.upstream_us <= request.total_us <= longest * 1e6


def test_what_the_door_refuses_is_no_invocation(rig: Rig) -> None:
    instance = rig.upstream("a")
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:iam::1:role/r")
    rig.control.answer = lambda _: Answer(403)
    rig.serve(State(rig.door, (workload,), (Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    rig.request("POST", "/endpoints/flights/invocations", b"", socket_path=workload.socket)
    rig.invoke("flights", b"x" * (6 * 1024 * 1024 + 1))
    rig.invoke("unknown")
    rig.invoke("flights", target_variant="unknown")
    rig.invoke("flights")
    data = request_metrics(_served(rig, 3), {}, {})[SAGEMAKER]
    assert _sum(data, "Invocations", (("EndpointName", "flights"), ("VariantName", "A"))) == (1, 1)


def test_a_model_that_nobody_reached_or_that_timed_out_failed_with_5xx(rig: Rig) -> None:
    release = threading.Event()

    def slow(_: Seen) -> Answer:
        release.wait(10)
        return Answer()

    instance = rig.upstream("a", slow)
    endpoints = (
        Endpoint("slow", (Variant("A", 1, (instance.path,)),), timeout_seconds=0.1),
        Endpoint("none", (Variant("A", 1, ()),)),
    )
    rig.serve(State(rig.door, endpoints=endpoints))
    rig.invoke("slow")
    rig.invoke("none")
    release.set()
    data = request_metrics(_served(rig, 2), {}, {})[SAGEMAKER]
    for name in ("slow", "none"):
        dimensions = (("EndpointName", name), ("VariantName", "A"))
        assert _sum(data, "Invocation5XXErrors", dimensions) == (1, 1)


def test_a_caller_that_hangs_up_is_no_error_of_the_model(rig: Rig) -> None:
    release = threading.Event()

    def slow(_: Seen) -> Answer:
        release.wait(10)
        return Answer()

    instance = rig.upstream("a", slow)
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    connection = rig.connect()
    connection.request("POST", "/endpoints/flights/invocations", b"1")
    await_true(lambda: bool(instance.seen), "the request arrived")
    connection.close()
    (request,) = _served(rig, 1)
    release.set()
    data = request_metrics([request], {}, {})[SAGEMAKER]
    dimensions = (("EndpointName", "flights"), ("VariantName", "A"))
    assert _sum(data, "Invocations", dimensions) == (1, 1)
    assert _sum(data, "Invocation5XXErrors", dimensions) == (0, 1)


def test_calls_become_api_gateways_metrics(rig: Rig) -> None:
    host = rig.upstream("h", lambda seen: Answer(int(seen.body)))
    versions = (FunctionVersion("api", "1", 1, (host.path,)),)
    stage = ApiStage("a1", "Prod", (Method("POST", "/api", versions),))
    rig.serve(State(rig.door, stages=(stage,)))
    for status in (200, 200, 400, 500):
        rig.request("POST", "/_api/a1/Prod/api", str(status).encode())
    rig.request("GET", "/_api/a1/Prod/api")
    rig.request("POST", "/_api/other/Prod/api", b"200")
    requests = _served(rig, 5)
    assert Counter(request.target for request in requests) == {("function", "api", "1"): 4, None: 1}
    data = request_metrics(requests, {}, {"a1": "flights-api"})[API_GATEWAY]
    for dimensions in ((("ApiName", "flights-api"),), (("ApiName", "flights-api"), ("Stage", "Prod"))):
        assert _sum(data, "Count", dimensions) == (5, 5)
        assert _sum(data, "4XXError", dimensions) == (2, 5)
        assert _sum(data, "5XXError", dimensions) == (1, 5)
        assert _sum(data, "Latency", dimensions)[1] == 5
        assert _sum(data, "IntegrationLatency", dimensions)[1] == 4


def test_a_killed_door_resets_no_figure(rig: Rig) -> None:
    instance = rig.upstream("a")
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    rig.invoke("flights")
    _served(rig, 1)
    rig.kill()
    rig.start()
    rig.invoke("flights")
    data = request_metrics(_served(rig, 2), {}, {})[SAGEMAKER]
    assert _sum(data, "Invocations", (("EndpointName", "flights"), ("VariantName", "A"))) == (2, 2)


def test_a_batch_of_many_values_keeps_each_of_them_within_the_limits_of_put_metric_data() -> None:
    requests = [_request(1_700_000_000_000 + n, upstream_us=n % 400) for n in range(1000)]
    data = [datum for datum in request_metrics(requests, {}, {})[SAGEMAKER] if datum["MetricName"] == "ModelLatency"]
    assert [len(datum["Values"]) for datum in data] == [150, 150, 100]
    counted = {value: count for datum in data for value, count in zip(datum["Values"], datum["Counts"], strict=True)}
    assert counted == Counter(n % 400 for n in range(1000))
    assert {datum["Timestamp"] for datum in data} == {1_700_000_000}


def test_a_torn_line_of_the_request_log_is_left_out(tmp_path: Path) -> None:
    good = b"1700000000000\tapi/a1/Prod\t-\t403\tdirect_response\t-\t-\t12\n"
    file = tmp_path / "requests-1.sealed"
    file.write_bytes(good + good[:30] + good + b"\n" + good + good[:-1])
    assert [request.status for request in served_requests(file)] == [403, 403]


def _request(started_ms: int, upstream_us: int) -> Request:
    return Request(
        started_ms, ("endpoint", "f"), ("endpoint", "f", "A"), 200, "via_upstream", None, upstream_us, upstream_us + 5
    )


def _served(rig: Rig, count: int) -> list[Request]:
    """All requests so far, once there are `count`."""
    found: list[Request] = []

    def is_complete() -> bool:
        found[:] = [request for path in rig.plane.requests.rotate() for request in served_requests(path)]
        return len(found) >= count

    await_true(is_complete, f"{count} requests in the log")
    assert len(found) == count
    return found


def _sum(data: list[Datum], name: str, dimensions: tuple[tuple[str, str], ...]) -> tuple[float, float]:
    """Sum and sample count of a metric."""
    chosen = [
        datum
        for datum in data
        if datum["MetricName"] == name
        and tuple((item["Name"], item["Value"]) for item in datum["Dimensions"]) == dimensions
    ]
    pairs = [pair for datum in chosen for pair in zip(datum["Values"], datum["Counts"], strict=True)]
    return sum(value * count for value, count in pairs), sum(count for _, count in pairs)
