"""Just enough HTTP/1.1 for the two sides of the host: the front door's requests and the runtime API.

The standard library's own server takes a thread a connection; workers wait for their next invocation on theirs, for hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

Headers = tuple[tuple[str, str], ...]

LONGEST_HEAD_BYTES = 256 * 1024


@dataclass(frozen=True)
class Request:
    """`target` is the raw path with its query; header names are as they were sent."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The last header of that name."""
        return self._by_name.get(name.lower())

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers}


@dataclass(frozen=True)
class Response:
    status: int
    headers: Headers = ()
    body: bytes = b""


Answer = Callable[[Request], Awaitable[Response]]


class Connections:
    """Serves connections, and closes them one by one: each after its next answer, so that no request meets a closed one."""

    def __init__(self, answer: Answer):
        self._answer = answer
        self._is_closing = False
        self.count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        try:
            await serve(reader, writer, self._answer, lambda: self._is_closing)
        finally:
            self.count -= 1

    def close(self) -> None:
        """Idle ones are left to the other end, which closes them after a second."""
        self._is_closing = True


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Answer,
    is_closing: Callable[[], bool] = lambda: False,
) -> None:
    """Answer the requests of one connection until its other end closes it, or `is_closing` at the end of an answer."""
    try:
        while (request := await _read(reader, writer)) is not None:
            response = await answer(request)
            is_last = (request.header("connection") or "").lower() == "close" or is_closing()
            body = response.body if request.method != "HEAD" else b""
            writer.write(_head(request, response, is_last) + body)
            await writer.drain()
            if is_last:
                break
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        pass  # a client that left, or that does not speak HTTP
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    request = Request(method, target, tuple((name.strip(), value.strip()) for name, _, value in pairs), b"")
    if (request.header("expect") or "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Request(method, target, request.headers, await _read_body(reader, request))


async def _read_body(reader: asyncio.StreamReader, request: Request) -> bytes:
    if (request.header("transfer-encoding") or "").lower() != "chunked":
        return await reader.readexactly(int(request.header("content-length") or 0))
    pieces = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while (await reader.readline()).strip():
        pass  # trailers
    return b"".join(pieces)


def _head(request: Request, response: Response, is_last: bool) -> bytes:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {_one_line(value)}" for name, value in response.headers]
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {len(response.body)}")
    if is_last:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
