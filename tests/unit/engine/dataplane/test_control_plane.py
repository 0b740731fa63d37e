"""What the door passes on to the control plane and the console."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.contract import CREDENTIALS_PATH
from mlsystem.engine.dataplane.state import State, WorkloadDoor
from tests.unit.engine.dataplane.rig import Answer, Rig, Seen, Upstream, await_true

MIB = 1024 * 1024


def test_an_object_of_a_hundred_megabytes_streams_up(rig: Rig) -> None:
    rig.control.is_counting = True
    rig.serve(State(rig.door))
    block = b"x" * MIB

    def blocks() -> Iterator[bytes]:
        for _ in range(100):
            yield block

    reply = rig.request("PUT", "/bucket/large", blocks(), {"content-length": str(100 * MIB)})
    assert reply.status == 200
    assert rig.control.counted_bytes == 100 * MIB
    assert _resident_mib(rig) < 150


def test_an_object_streams_down(rig: Rig) -> None:
    rig.control.answer = lambda _: Answer(chunks=iter([b"y" * MIB] * 50))
    rig.serve(State(rig.door))
    assert len(rig.request("GET", "/bucket/large").body) == 50 * MIB


def test_a_body_that_waits_to_be_asked_for_is_asked_for(rig: Rig) -> None:
    rig.serve(State(rig.door))
    with socket.create_connection(("127.0.0.1", rig.door.port), timeout=30) as client:
        client.sendall(b"PUT /bucket/key HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"abc")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert rig.control.seen[0].body == b"abc"


def test_keys_arrive_as_they_were_signed(rig: Rig) -> None:
    rig.serve(State(rig.door))
    paths = ["/bucket/a//b", "/bucket/a%2Fb", "/bucket/../x", "/bucket/%C3%A9?list-type=2&prefix=a%20b", "/bucket//"]
    for path in paths:
        rig.request("GET", path, headers={"host": "bucket.localhost:1"})
    assert [seen.path for seen in rig.control.seen] == paths
    assert {seen.headers["host"] for seen in rig.control.seen} == {"bucket.localhost:1"}


def test_the_length_of_an_object_survives_a_head_request(rig: Rig) -> None:
    rig.control.answer = lambda _: Answer(200, b"", {"content-length": "12345", "etag": '"x"'})
    rig.serve(State(rig.door))
    reply = rig.request("HEAD", "/bucket/key")
    assert (reply.headers["content-length"], reply.headers["etag"], reply.body) == ("12345", '"x"', b"")


def test_the_control_planes_errors_are_its_own(rig: Rig) -> None:
    rig.control.answer = lambda _: Answer(
        503, b"<Error><Code>SlowDown</Code></Error>", {"content-type": "application/xml"}
    )
    rig.serve(State(rig.door))
    reply = rig.request("GET", "/bucket/key")
    assert (reply.status, reply.body) == (503, b"<Error><Code>SlowDown</Code></Error>")


def test_without_its_control_plane_the_door_says_what_to_do(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, control_plane=str(rig.folder / "absent.sock"))))
    reply = rig.request("POST", "/")
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (503, "ServiceUnavailable")
    assert "mlsystem up" in reply.json["message"]


def test_a_request_for_keys_waits_for_a_control_plane_that_is_being_started(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, control_plane=str(rig.folder / "late.sock"))))
    connection = rig.connect()
    try:
        connection.request("GET", CREDENTIALS_PATH)
        assert select.select([connection.sock], [], [], 0.3)[0] == []
        rig.upstream("late", b"keys")
        assert connection.getresponse().read() == b"keys"
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("service", "operation", "request_members"),
    [
        ("codepipeline", "list_pipelines", {}),
        ("lambda", "list_functions", {}),
        ("sns", "list_topics", {}),
        ("ec2", "describe_vpcs", {}),
        ("s3", "list_buckets", {}),
        ("s3", "put_object", {"Bucket": "bucket", "Key": "key", "Body": b"x"}),
    ],
)
def test_without_its_control_plane_the_door_speaks_the_protocol_of_each_service(
    rig: Rig, service: str, operation: str, request_members: dict[str, object]
) -> None:
    rig.serve(State(replace(rig.door, control_plane=str(rig.folder / "absent.sock"))))
    with pytest.raises(ClientError, match="mlsystem up") as error:
        getattr(rig.client(service), operation)(**request_members)
    assert error.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert error.value.response["ResponseMetadata"]["RequestId"]


def test_the_console_has_its_own_path_where_there_is_one(rig: Rig) -> None:
    rig.serve(State(rig.door))
    assert rig.request("GET", "/_console/").body == b"control plane"
    console = rig.upstream("console", b"console")
    rig.serve(State(replace(rig.door, console=console.path)))
    assert rig.request("GET", "/_console/runs?x=1").body == b"console"
    assert console.seen[0].path == "/_console/runs?x=1"


def test_a_program_of_a_workload_does_not_reach_the_console(rig: Rig) -> None:
    console = rig.upstream("console", b"console")
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:sts::123456789012:assumed-role/r/s")
    rig.serve(State(replace(rig.door, console=console.path), workloads=(workload,)))
    answer = rig.request("GET", "/_console/", socket_path=workload.socket)
    assert answer.status == 403
    assert b"for people" in answer.body
    assert console.seen == []


def test_a_workloads_door_passes_everything_else_to_the_control_plane(rig: Rig) -> None:
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:sts::123456789012:assumed-role/r/s")
    rig.serve(State(rig.door, workloads=(workload,)))
    assert rig.request("PUT", "/bucket/key", b"z" * (8 * MIB), socket_path=workload.socket).status == 200
    assert len(rig.control.seen[0].body) == 8 * MIB


def test_a_programs_request_waits_for_a_control_plane_that_is_away(rig: Rig) -> None:
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:sts::123456789012:assumed-role/r/s")
    rig.serve(State(rig.door, workloads=(workload,)))
    token = {"x-amz-security-token": "that of a build"}
    with ThreadPoolExecutor() as pool:
        with _dying(rig.control):
            unanswered = [
                pool.submit(rig.request, "POST", "/", b"x", socket_path=workload.socket),
                pool.submit(rig.request, "POST", "/", b"x", token),
            ]
            a_persons = pool.submit(rig.request, "POST", "/", b"x")
            await_true(lambda: len(rig.control.seen) == 3, "three requests under way")
        waiting = [
            *unanswered,
            pool.submit(rig.request, "POST", "/", b"x", socket_path=workload.socket),
            pool.submit(rig.request, "POST", "/", b"x", token),
        ]
        assert [a_persons.result().status, rig.request("POST", "/", b"x").status] == [503, 503]
        assert not any(asked.done() for asked in waiting)
        rig.upstream("control", b"back")
        assert [asked.result().body for asked in waiting] == [b"back"] * 4


@contextmanager
def _dying(server: Upstream) -> Iterator[None]:
    """It answers nothing any more, and is killed in the end."""
    is_over = threading.Event()

    def silence(_: Seen) -> Answer:
        is_over.wait(10)
        return Answer()

    server.answer = silence
    yield
    server.close()
    is_over.set()


def _resident_mib(rig: Rig) -> float:
    assert rig.process is not None
    status = Path(f"/proc/{rig.process.pid}/status").read_text().splitlines()
    line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
