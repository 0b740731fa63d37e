"""What the door captures."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from mlsystem.engine.dataplane.admin import Admin
from mlsystem.engine.dataplane.captured import Captured, records
from mlsystem.engine.dataplane.spool import Spool
from mlsystem.engine.dataplane.state import Endpoint, State, Variant
from tests.unit.engine.dataplane.rig import Answer, Rig, await_true


def test_both_bodies_of_an_invocation_are_captured_with_what_came_with_them(rig: Rig) -> None:
    instance = rig.upstream(
        "a", lambda seen: Answer(200, seen.body[::-1], {"content-type": "application/octet-stream"})
    )
    _capture(rig, instance.path)
    body = bytes(range(256)) * 300 + b"\n"
    started = time.time()
    reply = rig.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="flights", ContentType="image/png", Body=body, InferenceId="i-1", CustomAttributes='say "hi"'
    )
    assert reply["Body"].read() == body[::-1]
    (record,) = _captured(rig, 1)
    assert (record.endpoint, record.variant, record.status) == ("flights", "A", 200)
    assert (record.request, record.response) == (body, body[::-1])
    assert (record.request_type, record.response_type) == ("image/png", "application/octet-stream")
    assert (record.inference_id, record.custom_attributes) == ("i-1", 'say "hi"')
    assert record.request_id == reply["ResponseMetadata"]["RequestId"]
    assert abs(record.started_ms / 1000 - started) < 2


def test_empty_bodies_and_absent_headers_are_captured_as_such(rig: Rig) -> None:
    instance = rig.upstream("a", lambda _: Answer(200, b"", {}))
    _capture(rig, instance.path)
    rig.request("POST", "/endpoints/flights/invocations")
    (record,) = _captured(rig, 1)
    assert (record.request, record.response, record.inference_id) == (b"", b"", None)
    assert record.request_type == "application/octet-stream"


def test_a_body_of_6_mib_is_captured_and_a_larger_answer_passes_uncaptured(rig: Rig) -> None:
    large = b"\x00\xff" * (3 * 1024 * 1024)
    instance = rig.upstream("a", lambda seen: Answer(body=seen.body + (b"more" if seen.headers.get("x-more") else b"")))
    _capture(rig, instance.path)
    assert rig.invoke("flights", large).body == large
    assert rig.request("POST", "/endpoints/flights/invocations", large, {"x-more": "1"}).body == large + b"more"
    first, second = _captured(rig, 2)
    assert (first.request, first.response) == (large, large)
    assert (second.request, second.response) == (large, None)


def test_a_streamed_answer_is_captured_whole(rig: Rig) -> None:
    instance = rig.upstream("a", lambda _: Answer(chunks=iter([b"one", b"two" * 100_000, b"three"])))
    _capture(rig, instance.path)
    body = rig.invoke("flights").body
    (record,) = _captured(rig, 1)
    assert record.response == body == b"one" + b"two" * 100_000 + b"three"


def test_only_successful_invocations_of_captured_endpoints_are_captured(rig: Rig) -> None:
    instance = rig.upstream("a", lambda seen: Answer(int(seen.body)))
    variants = (Variant("A", 1, (instance.path,)),)
    rig.serve(
        State(rig.door, endpoints=(Endpoint("flights", variants, is_captured=True), Endpoint("private", variants)))
    )
    for status in (b"500", b"404", b"201"):
        rig.invoke("flights", status)
    rig.invoke("private", b"200")
    rig.request("GET", "/bucket/key")
    rig.invoke("flights", b"200")
    assert [record.status for record in _captured(rig, 2)] == [201, 200]


def test_rotation_under_load_loses_and_repeats_nothing(rig: Rig) -> None:
    instance = rig.upstream("a", lambda seen: Answer(body=seen.body))
    _capture(rig, instance.path)
    connection = rig.connect()
    for number in range(300):
        connection.request("POST", "/endpoints/flights/invocations", str(number).encode())
        connection.getresponse().read()
        if number % 25 == 0:
            rig.plane.captured.rotate()
    connection.close()
    numbers = [int(record.request or b"") for record in _captured(rig, 300)]
    assert sorted(numbers) == list(range(300))
    assert len(rig.plane.captured.sealed()) > 3


def test_an_empty_spool_is_not_rotated(rig: Rig) -> None:
    assert rig.plane.captured.rotate() == []
    _capture(rig, rig.upstream("a").path)
    assert rig.plane.captured.rotate() == []


def test_what_a_killed_door_left_is_handed_over_and_the_torn_line_left_out(rig: Rig) -> None:
    instance = rig.upstream("a")
    _capture(rig, instance.path)
    rig.invoke("flights", b"before")
    live = rig.plane.layout.capture_log
    await_true(lambda: live.stat().st_size > 0, "the record is flushed")
    rig.kill()
    with live.open("ab") as log:
        log.write(b'{"cluster":"endpoint/flights/A/1","request":"dG9y')
    rig.start()
    # Envoy goes on where the torn line ends.
    rig.invoke("flights", b"after")
    rig.invoke("flights", b"later")
    assert [record.request for record in _captured(rig, 3)] == [b"before", b"after", b"later"]


def test_a_rotation_that_was_cut_short_is_finished_by_the_next(rig: Rig) -> None:
    _capture(rig, rig.upstream("a").path)
    rig.invoke("flights", b"1")
    live = rig.plane.layout.capture_log
    await_true(lambda: live.stat().st_size > 0, "the record is flushed")
    live.rename(live.with_name("captured-00000000000000000001.unsealed"))
    rig.invoke("flights", b"2")
    assert [record.request for record in _captured(rig, 2)] == [b"1", b"2"]
    assert not list(live.parent.glob("*.unsealed"))


def test_what_a_stopped_door_may_still_write_to_is_not_handed_over(rig: Rig) -> None:
    _capture(rig, rig.upstream("a").path)
    rig.invoke("flights", b"1")
    live = rig.plane.layout.capture_log
    await_true(lambda: live.stat().st_size > 0, "the record is flushed")
    assert rig.process is not None
    rig.process.send_signal(signal.SIGSTOP)
    try:
        assert Spool(live, Admin(rig.plane.layout.admin_socket, answer_seconds=0.2)).rotate() == []
        assert list(live.parent.glob("*.unsealed"))
    finally:
        rig.process.send_signal(signal.SIGCONT)
    rig.invoke("flights", b"2")
    assert [record.request for record in _captured(rig, 2)] == [b"1", b"2"]
    assert not list(live.parent.glob("*.unsealed"))


def test_reading_goes_on_from_an_offset(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "captured-1.sealed"
    lines = [_line(f"{number}") for number in range(3)]
    file.write_bytes(b"".join(lines[:2]) + b"not json\n" + lines[2] + lines[0][:20])
    found = list(records(file))
    assert [offset for offset, _ in found] == [0, len(lines[0]), len(lines[0]) + len(lines[1]) + len(b"not json\n")]
    assert [record.request_id for _, record in found] == ["0", "1", "2"]
    assert list(records(file, found[1][0])) == found[1:]


def _line(request_id: str) -> bytes:
    fields = {"cluster": "endpoint/flights/A/1", "started_ms": "1700000000000", "request_id": request_id, "status": 200}
    return json.dumps(fields).encode() + b"\n"


def _capture(rig: Rig, instance: str) -> None:
    rig.serve(State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance,)),), is_captured=True),)))


def _captured(rig: Rig, count: int) -> list[Captured]:
    """All records so far, in order, once there are `count`."""
    found: list[Captured] = []

    def is_complete() -> bool:
        found[:] = [record for path in rig.plane.captured.rotate() for _, record in records(path)]
        return len(found) >= count

    await_true(is_complete, f"{count} captured records")
    assert len(found) == count
    return found
