"""Copies bytes between pairs of sockets, so that a port inside a network namespace answers on a Unix socket outside.

One thread, no blocking call, and back pressure: a side is read only while the other one takes what it is given.
"""

from __future__ import annotations

import selectors
import socket
from selectors import EVENT_READ, EVENT_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK_BYTES = 65536
_BACKLOG = 4096


class _Side:
    """One socket of a pair, with what still has to be written to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.other = self
        self.pending = b""
        self.is_finished = False  # it will send no more
        self.watched = 0

    def interest(self) -> int:
        reads = 0 if self.is_finished or self.other.pending else EVENT_READ
        return reads | (EVENT_WRITE if self.pending else 0)


class Relay:
    """Pairs of sockets, served by the caller's selector: each key's data is a function of the events."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector

    def listen(self, listener: socket.socket, accepted: Callable[[socket.socket], None]) -> None:
        """Calls `accepted` with each connection to the listener, which is made to listen."""
        listener.listen(_BACKLOG)
        listener.setblocking(False)

        def accept(_: int) -> None:
            try:
                connection, _address = listener.accept()
            except OSError:  # the caller hung up, or there are no more descriptors: others go on
                return
            accepted(connection)

        self._selector.register(listener, EVENT_READ, accept)

    def join(self, one: socket.socket, two: socket.socket) -> None:
        """Copies both ways until both have ended; closes both."""
        left, right = _Side(one), _Side(two)
        left.other, right.other = right, left
        for side in (left, right):
            side.connection.setblocking(False)
            self._watch(side)

    def _serve(self, side: _Side, events: int) -> None:
        try:
            if events & EVENT_WRITE:
                self._flush(side)
            if events & EVENT_READ and not side.other.pending:
                self._copy(side)
            self._watch(side)
            self._watch(side.other)
        except OSError:
            self._close(side)

    def _copy(self, side: _Side) -> None:
        try:
            data = side.connection.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        if data:
            side.other.pending = data
        else:
            side.is_finished = True
        self._flush(side.other)

    def _flush(self, side: _Side) -> None:
        """Writes what there is; passes the end on when all that came before it is written."""
        if side.pending:
            try:
                sent = side.connection.send(side.pending)
            except BlockingIOError:
                return
            side.pending = side.pending[sent:]
        if side.other.is_finished and not side.pending:
            side.connection.shutdown(socket.SHUT_WR)

    def _watch(self, side: _Side) -> None:
        if side.is_finished and side.other.is_finished and not side.pending and not side.other.pending:
            self._close(side)
            return
        wanted = side.interest()
        if wanted == side.watched or side.connection.fileno() < 0:
            return
        if not wanted:
            self._selector.unregister(side.connection)
        elif side.watched:
            self._selector.modify(side.connection, wanted, lambda events: self._serve(side, events))
        else:
            self._selector.register(side.connection, wanted, lambda events: self._serve(side, events))
        side.watched = wanted

    def _close(self, side: _Side) -> None:
        for end in (side, side.other):
            if end.watched:
                self._selector.unregister(end.connection)
                end.watched = 0
            end.connection.close()
