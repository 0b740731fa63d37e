"""Bytes pass both ways, whole, in order, and to the end."""

import hashlib
import selectors
import socket
import threading
from collections.abc import Iterator

import pytest

from mlsystem.engine.runtime.shim.relay import Relay

LOTS = bytes(range(256)) * 40_000


class Between(threading.Thread):
    """A relay between two sockets, in a thread of its own, until both are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.left, left = socket.socketpair()
        self.right, right = socket.socketpair()
        for outer in (self.left, self.right):
            outer.settimeout(10)
        self._selector = selectors.DefaultSelector()
        Relay(self._selector).join(left, right)

    def run(self) -> None:
        while self._selector.get_map():
            for key, events in self._selector.select():
                key.data(events)
        self._selector.close()


@pytest.fixture
def between() -> Iterator[Between]:
    relay = Between()
    relay.start()
    yield relay
    relay.left.close()
    relay.right.close()
    relay.join(10)
    assert not relay.is_alive()


def read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as file:
        return file.read()


def test_an_answer_comes_back_after_the_caller_has_said_all(between: Between) -> None:
    between.left.sendall(b"question")
    between.left.shutdown(socket.SHUT_WR)
    assert read_all(between.right) == b"question"
    between.right.sendall(b"answer")
    between.right.shutdown(socket.SHUT_WR)
    assert read_all(between.left) == b"answer"


def test_much_passes_both_ways_at_once_to_slow_readers(between: Between) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(LOTS)
        connection.shutdown(socket.SHUT_WR)

    senders = [threading.Thread(target=send, args=(connection,)) for connection in (between.left, between.right)]
    for sender in senders:
        sender.start()
    for connection in (between.left, between.right):
        assert hashlib.sha256(read_all(connection)).digest() == hashlib.sha256(LOTS).digest()
    for sender in senders:
        sender.join()


def test_when_one_side_goes_the_other_learns_it(between: Between) -> None:
    between.left.close()
    assert read_all(between.right) == b""


def test_what_was_said_before_leaving_still_arrives(between: Between) -> None:
    between.left.sendall(LOTS[:100_000])
    between.left.close()
    assert read_all(between.right) == LOTS[:100_000]
