"""InvokeEndpoint through the door."""

from __future__ import annotations

import json
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.dataplane.state import Endpoint, Shadow, State, Variant
from tests.unit.engine.dataplane.rig import Answer, Rig, Seen, await_true


def test_an_invocation_reaches_the_container_as_sagemaker_sends_it(rig: Rig) -> None:
    instance = rig.upstream("a", b"0.5")
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("AllTraffic", 1, (instance.path,)),)),)))
    reply = rig.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="flights",
        ContentType="text/csv",
        Accept="text/csv",
        Body=b"1,2",
        CustomAttributes="c=1",
        InferenceId="i-1",
    )
    assert reply["Body"].read() == b"0.5"
    assert (reply["ContentType"], reply["InvokedProductionVariant"]) == ("text/csv", "AllTraffic")
    assert len(reply["ResponseMetadata"]["RequestId"]) == 36
    (seen,) = instance.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/invocations", b"1,2")
    assert seen.headers["x-amzn-sagemaker-custom-attributes"] == "c=1"
    assert seen.headers["x-amzn-sagemaker-inference-id"] == "i-1"
    assert (seen.headers["content-type"], seen.headers["accept"]) == ("text/csv", "text/csv")


def test_variants_share_the_traffic_by_weight_and_a_target_variant_overrides_it(rig: Rig) -> None:
    a, b, shadow = (rig.upstream(name, name.encode()) for name in ("a", "b", "shadow"))
    variants = (Variant("A", 3, (a.path,)), Variant("B", 1, (b.path,)), Variant("Shadow", 0, (shadow.path,)))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", variants),)))
    connection = rig.connect()
    bodies: Counter[bytes] = Counter()
    for _ in range(400):
        connection.request("POST", "/endpoints/flights/invocations", b"1")
        bodies[connection.getresponse().read()] += 1
    connection.close()
    assert set(bodies) == {b"a", b"b"}
    assert 60 <= bodies[b"b"] <= 140  # 100 expected, within 4.6 standard deviations
    targeted = rig.invoke("flights", target_variant="Shadow")
    assert (targeted.body, targeted.headers["x-amzn-invoked-production-variant"]) == (b"shadow", "Shadow")


@pytest.mark.parametrize("answer", [Answer(body=b"shadow"), Answer(status=500), None], ids=["well", "ill", "gone"])
def test_a_shadow_gets_copies_and_whatever_it_answers_nobody_gets(rig: Rig, answer: Answer | None) -> None:
    production = rig.upstream("production", b"0.5")
    shadow = rig.upstream("shadow", lambda _: answer or Answer())
    if answer is None:
        shadow.close()
    copied = Shadow(Variant("Next", 1, (shadow.path,)), 1.0)
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (production.path,)),), shadow=copied),)))
    replies = [rig.invoke("flights", body) for body in (b"1,2", b"3,4")]
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"0.5")] * 2
    assert {reply.headers["x-amzn-invoked-production-variant"] for reply in replies} == {"A"}
    assert [seen.body for seen in production.seen] == [b"1,2", b"3,4"]
    if answer is not None:
        await_true(lambda: len(shadow.seen) == 2, "both copies arrived")
        assert sorted((seen.method, seen.path, seen.body) for seen in shadow.seen) == [
            ("POST", "/invocations", b"1,2"),
            ("POST", "/invocations", b"3,4"),
        ]
    assert rig.invoke("flights", target_variant="Next").status == 400


def test_only_a_part_of_the_requests_is_copied(rig: Rig) -> None:
    production, shadow = rig.upstream("production", b"0.5"), rig.upstream("shadow", b"0.6")
    copied = Shadow(Variant("Next", 1, (shadow.path,)), 0.25)
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (production.path,)),), shadow=copied),)))
    connection = rig.connect()
    for _ in range(400):
        connection.request("POST", "/endpoints/flights/invocations", b"1")
        assert connection.getresponse().read() == b"0.5"
    connection.close()
    assert 60 <= len(shadow.seen) <= 140  # 100 expected, within 4.6 standard deviations


def test_a_request_goes_to_the_instance_that_is_least_busy(rig: Rig) -> None:
    release = threading.Event()

    def answer(seen: Seen) -> Answer:
        if seen.body == b"slow":
            release.wait(10)
        return Answer()

    instances = [rig.upstream("a", answer), rig.upstream("b", answer)]
    variant = Variant("A", 1, tuple(instance.path for instance in instances))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (variant,)),)))
    slow = threading.Thread(target=rig.invoke, args=("flights", b"slow"))
    slow.start()
    try:
        await_true(lambda: any(instance.seen for instance in instances), "the slow request arrived")
        for _ in range(20):
            assert rig.invoke("flights", b"quick").status == 200
    finally:
        release.set()
        slow.join()
    assert sorted(len(instance.seen) for instance in instances) == [1, 20]


def test_an_error_of_the_container_becomes_a_model_error(rig: Rig) -> None:
    body = 'no "such" column\n\u00e9\u20ac\U0001f600 '.encode() + b"\xff\xc3\x00\\"
    text = body.decode(errors="replace")
    statuses = iter((500, 415) * 2)
    instance = rig.upstream("a", lambda _: Answer(next(statuses), body, {"content-type": "text/plain"}))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    for status, blame in ((500, "server"), (415, "client")):
        with pytest.raises(ClientError) as caught:
            rig.client("sagemaker-runtime").invoke_endpoint(EndpointName="flights", Body=b"1")
        answer: Any = caught.value.response
        assert answer["Error"]["Code"] == "ModelError"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
        assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, text)
        group = "/aws/sagemaker/Endpoints/flights"
        assert answer["LogStreamArn"] == f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}"
        assert answer["Error"]["Message"] == (
            f'Received {blame} error ({status}) from primary with message "{text}". See '
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEventViewer:group="
            f"{group} in account 123456789012 for more information."
        )
    replies = [rig.invoke("flights") for _ in range(2)]
    codes = ["INTERNAL_FAILURE_FROM_MODEL", "CLIENT_ERROR_FROM_MODEL"]
    assert [reply.json["ErrorCode"] for reply in replies] == codes
    assert {reply.headers["content-type"] for reply in replies} == {"application/json"}


def test_an_error_without_a_body_and_one_of_three_megabytes_are_model_errors_too(rig: Rig) -> None:
    large = b"x" * 3_000_000

    def answer(seen: Seen) -> Answer:
        return Answer(503, b"" if seen.body == b"empty" else large)

    instance = rig.upstream("a", answer)
    for captured in (False, True):
        endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),), is_captured=captured)
        rig.serve(State(rig.door, endpoints=(endpoint,)))
        assert rig.invoke("flights", b"empty").json["OriginalMessage"] == ""
        assert rig.invoke("flights", b"large").json["OriginalMessage"] == large.decode()


def test_an_error_whose_body_is_too_large_to_load_is_a_model_error_that_says_so(rig: Rig) -> None:
    instance = rig.upstream("a", lambda _: Answer(502, b"x" * 9_000_000))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    reply = rig.invoke("flights")
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (424, "ModelError")
    assert reply.json["OriginalStatusCode"] == 502
    started = "Received server error (502) from primary and could not load the entire response body. See https://"
    assert reply.json["Message"].startswith(started)


def test_an_unknown_endpoint_or_variant_and_one_not_in_service_are_validation_errors(rig: Rig) -> None:
    instance = rig.upstream("a")
    variants = (Variant("A", 1, (instance.path,)),)
    rig.serve(
        State(rig.door, endpoints=(Endpoint("flights", variants), Endpoint("new", variants, is_in_service=False)))
    )
    runtime = rig.client("sagemaker-runtime")
    for name in ("nowhere", "new"):
        with pytest.raises(
            runtime.exceptions.ValidationError, match=f"Endpoint {name} of account 123456789012 not found."
        ):
            runtime.invoke_endpoint(EndpointName=name, Body=b"1")
    with pytest.raises(runtime.exceptions.ValidationError, match="Variant B of endpoint flights"):
        runtime.invoke_endpoint(EndpointName="flights", Body=b"1", TargetVariant="B")
    assert instance.seen == []


def test_only_a_post_on_the_whole_pattern_is_an_invocation(rig: Rig) -> None:
    instance = rig.upstream("a")
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    assert rig.request("GET", "/endpoints/flights/invocations").body == b"control plane"
    assert rig.request("POST", "/endpoints/flights/invocations/x", b"").body == b"control plane"
    assert rig.request("PUT", "/bucket/endpoints/flights/invocations", b"").body == b"control plane"
    assert instance.seen == []


def test_a_body_of_6_mib_passes_and_one_byte_more_gets_413(rig: Rig) -> None:
    instance = rig.upstream("a")
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    limit = 6 * 1024 * 1024
    assert rig.invoke("flights", b"x" * limit).status == 200
    with pytest.raises(ClientError) as caught:
        rig.client("sagemaker-runtime").invoke_endpoint(EndpointName="flights", Body=b"x" * (limit + 1))
    assert caught.value.response["Error"] == {"Code": "413", "Message": "HTTP content length exceeded 6291456 bytes."}
    assert [len(seen.body) for seen in instance.seen] == [limit]


def test_a_request_that_an_instance_drops_or_refuses_is_answered_by_another(rig: Rig) -> None:
    alive = rig.upstream("alive", b"alive")
    dying = rig.upstream("dying", lambda _: _drop())
    dead = rig.upstream("dead")
    dead.close()
    for broken in (dying.path, dead.path, str(rig.folder / "absent.sock")):
        variant = Variant("A", 1, (alive.path, broken))
        rig.serve(State(rig.door, endpoints=(Endpoint("flights", (variant,)),)))
        replies = [rig.invoke("flights", b"x" * 1_500_000) for _ in range(12)]
        assert {(reply.status, reply.body) for reply in replies} == {(200, b"alive")}
    assert {len(seen.body) for seen in alive.seen} == {1_500_000}
    assert dying.seen


def test_a_request_that_instances_drop_is_asked_of_two_of_them(rig: Rig) -> None:
    """What crashes a program would crash all of an endpoint's, one after the other."""
    dying = [rig.upstream(f"dying{number}", lambda _: _drop()) for number in range(4)]
    variant = Variant("A", 1, tuple(upstream.path for upstream in dying))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (variant,)),)))
    assert rig.invoke("flights", b"x").status == 503
    assert sorted(len(upstream.seen) for upstream in dying) == [0, 0, 1, 1]


def test_without_an_instance_that_answers_the_service_is_unavailable(rig: Rig) -> None:
    endpoints = (
        Endpoint("none", (Variant("A", 1, ()),)),
        Endpoint("dead", (Variant("A", 1, (str(rig.folder / "x"),)),)),
    )
    rig.serve(State(rig.door, endpoints=endpoints))
    for name in ("none", "dead"):
        reply = rig.invoke(name)
        assert (reply.status, reply.headers["x-amzn-errortype"]) == (503, "ServiceUnavailable")


def test_a_model_that_takes_too_long_is_a_model_error(rig: Rig) -> None:
    release = threading.Event()

    def slow(_: Seen) -> Answer:
        release.wait(10)
        return Answer()

    instance = rig.upstream("a", slow)
    endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),), timeout_seconds=0.2)
    rig.serve(State(rig.door, endpoints=(endpoint,)))
    reply = rig.invoke("flights")
    release.set()
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (424, "ModelError")
    assert reply.json["OriginalStatusCode"] == 0
    assert reply.json["OriginalMessage"].startswith("Your invocation timed out while waiting for a response")
    assert len(instance.seen) == 1


def test_an_answer_streams_through_as_the_model_writes_it(rig: Rig) -> None:
    parts: queue.Queue[bytes] = queue.Queue()

    def chunks() -> Iterator[bytes]:
        while part := parts.get(timeout=30):
            yield part

    instance = rig.upstream("a", lambda _: Answer(chunks=chunks()))
    for captured in (False, True):
        endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),), is_captured=captured)
        rig.serve(State(rig.door, endpoints=(endpoint,)))
        connection = rig.connect()
        connection.request("POST", "/endpoints/flights/invocations", b"1")
        parts.put(b"first")
        response = connection.getresponse()
        assert response.read(5) == b"first"
        parts.put(b"second")
        parts.put(b"")
        assert response.read() == b"second"
        connection.close()


def test_the_words_of_an_error_are_valid_json_whatever_the_container_says(rig: Rig) -> None:
    instance = rig.upstream("a", lambda seen: Answer(400, seen.body))
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    bodies = [
        bytes(range(256)),
        b"\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80\xf0\x9f\x98",
        "\ud7ff\ue000\U0010ffff".encode(),
    ]
    for body in bodies:
        reply = rig.invoke("flights", body)
        json.loads(reply.body.decode())
    assert reply.json["OriginalMessage"] == bodies[-1].decode()


def _drop() -> Answer:
    raise ConnectionAbortedError("the instance dies on every request")
