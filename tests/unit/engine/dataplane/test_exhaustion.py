"""Callers who take what the door has, and give nothing: they get little of it, and others are served meanwhile."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from mlsystem.engine.dataplane.state import State, WorkloadDoor
from tests.unit.engine.dataplane.rig import Rig, await_true

HEAD = b"GET /bucket/key HTTP/1.1\r\nhost: h\r\n"
IDLE_CONNECTIONS = 2000


def test_the_limits_are_those_that_the_documentation_tells(rig: Rig) -> None:
    assert (rig.door.headers_seconds, rig.door.idle_seconds, rig.door.most_connections) == (10, 600, 4000)


def test_a_head_that_does_not_end_is_answered_with_a_time_out(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, headers_seconds=0.2)))
    with _connected(rig) as client:
        client.sendall(HEAD)
        assert _all(client).startswith(b"HTTP/1.1 408 ")
    assert rig.control.seen == []


def test_a_head_that_comes_byte_by_byte_gets_no_more_time(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, headers_seconds=0.3)))
    with _connected(rig) as client:
        client.settimeout(0.02)
        assert any(_is_over(client, byte) for byte in _bytes_without_end())
    assert rig.control.seen == []


def test_the_time_of_a_head_is_not_that_of_a_body(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, headers_seconds=0.1)))
    with _connected(rig) as slow, _connected(rig) as late:
        slow.sendall(b"PUT /bucket/key HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\na")
        late.sendall(HEAD)
        # The other's time is over, and so would be that of this one.
        assert _all(late).startswith(b"HTTP/1.1 408 ")
        slow.sendall(b"b")
        assert slow.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert [seen.body for seen in rig.control.seen] == [b"ab"]


def test_headers_that_are_too_large_or_too_many_are_refused(rig: Rig) -> None:
    rig.serve(State(rig.door))
    assert rig.request("GET", "/bucket/key", headers={"x-amz-meta-a": "a" * 40_000}).status == 200
    assert rig.request("GET", "/bucket/key", headers={"x-amz-meta-a": "a" * 70_000}).status == 431
    assert rig.request("GET", "/bucket/key", headers={f"x-{number}": "" for number in range(90)}).status == 200
    assert rig.request("GET", "/bucket/key", headers={f"x-{number}": "" for number in range(110)}).status == 431
    assert len(rig.control.seen) == 2


def test_headers_without_end_are_cut_off(rig: Rig) -> None:
    rig.serve(State(rig.door))
    sent = 0
    with _connected(rig) as client, suppress(ConnectionError):
        client.sendall(HEAD)
        while sent < 64 * 1024 * 1024:
            client.sendall(b"x-more: " + b"a" * 8184)
            sent += 8192
    # What the sockets had room for, and not what the sender has.
    assert sent < 16 * 1024 * 1024
    assert rig.request("GET", "/bucket/key").status == 200


def test_a_connection_without_a_request_is_closed_after_a_while(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, idle_seconds=0.2)))
    with _connected(rig) as never, _connected(rig) as once:
        once.sendall(HEAD + b"\r\n")
        assert _all(once).startswith(b"HTTP/1.1 200 ")
        assert _all(never) == b""


def test_two_thousand_idle_connections_keep_nobody_out(rig: Rig) -> None:
    with _open_files(1024):  # what a shell allows, and the shim then gives
        rig.serve(State(rig.door))
    with ExitStack() as stack:
        stack.enter_context(_open_files(2 * IDLE_CONNECTIONS))
        for _ in range(IDLE_CONNECTIONS):
            stack.enter_context(_connected(rig)).sendall(b"GET ")
        assert {rig.request("PUT", f"/bucket/{number}", b"x" * 100_000).status for number in range(50)} == {200}


def test_above_the_most_connections_the_next_is_closed_and_a_workload_is_served(rig: Rig) -> None:
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:sts::123456789012:assumed-role/r/s")
    rig.serve(State(replace(rig.door, most_connections=3), workloads=(workload,)))
    with ExitStack() as stack:
        held = [stack.enter_context(_connected(rig)) for _ in range(3)]
        for client in held:
            client.sendall(HEAD + b"\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert not _is_served(rig)
        assert rig.request("GET", "/bucket/key", socket_path=workload.socket).status == 200
        held[0].close()
        await_true(lambda: _is_served(rig), "the place of the one that left is free")


@contextmanager
def _open_files(number: int) -> Iterator[None]:
    """How many this process may have, and what it starts meanwhile may ask for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _connected(rig: Rig) -> socket.socket:
    return socket.create_connection(("127.0.0.1", rig.door.port), timeout=30)


def _all(client: socket.socket) -> bytes:
    """Until the door hangs up."""
    return b"".join(iter(lambda: client.recv(4096), b""))


def _bytes_without_end() -> Iterator[bytes]:
    yield HEAD
    # Few enough to be no head that is too large.
    yield from [b"x: y\r\n"[number % 6 : number % 6 + 1] for number in range(500)]


def _is_over(client: socket.socket, sent: bytes) -> bool:
    """Whether the door has answered or hung up, after it was sent this; waits a little, as a slow sender does."""
    try:
        client.sendall(sent)
        answer = client.recv(4096)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    return True


def _is_served(rig: Rig) -> bool:
    try:
        return rig.request("GET", "/bucket/key").status == 200
    except ConnectionError:
        return False
