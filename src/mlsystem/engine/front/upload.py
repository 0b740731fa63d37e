"""Takes the body of an object from the socket to a file, and checks it on the way.

A small one is read first and written in the thread that serves its request: each change of threads takes as long as a look into the
database. A larger one goes to the file piece by piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import Request

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.chunked import ChunkedDecoder
from mlsystem.engine.store.bodies import Body, BodyWriter
from mlsystem.engine.store.disk import disk_error
from mlsystem.engine.store.folder import DataFolder

LARGEST_OBJECT_BYTES = 5 * 1024**3
CHECKSUM_HEADER = "x-amz-checksum-"
# Threads are asked once for this many bytes, not for each piece that the socket gives.
WRITE_BYTES = 512 * 1024


@dataclass(frozen=True)
class Upload:
    """A body on disk, aside; and the checksums that came after it, as members of the operation's input (`ChecksumCRC32`)."""

    body: Body
    checksums: Mapping[str, str]


def is_small(http: Request) -> bool:
    """By what it says of its length, chunks and all."""
    declared = http.headers.get("content-length", "")
    return declared.isdecimal() and int(declared) <= WRITE_BYTES


def store_body(data: bytes, headers: Mapping[str, str], folder: DataFolder) -> Upload:
    """A body that was read whole, on disk, aside. Raises AwsError as `receive_body`."""
    decoder = _decoder(headers)
    plain = decoder.feed(data) if decoder else data
    _check_whole(decoder, headers, len(plain))
    try:
        with BodyWriter(folder) as writer:
            writer.write(plain)
            body = writer.finish()
    except OSError as error:
        raise disk_error(error) from error
    return _checked(body, headers, decoder)


async def receive_body(http: Request, folder: DataFolder) -> Upload:
    """The whole body, on disk, aside. Raises AwsError for broken framing, a wrong hash, an object over 5 GiB or a full disk."""
    decoder = _decoder(http.headers)
    try:
        with BodyWriter(folder) as writer:
            await _receive(http, decoder, writer)
            body = await to_thread.run_sync(writer.finish)
    except OSError as error:
        raise disk_error(error) from error
    return _checked(body, http.headers, decoder)


def _decoder(headers: Mapping[str, str]) -> ChunkedDecoder | None:
    return ChunkedDecoder() if "aws-chunked" in headers.get("content-encoding", "") else None


def _checked(body: Body, headers: Mapping[str, str], decoder: ChunkedDecoder | None) -> Upload:
    try:
        _check(body, headers)
    except AwsError:
        body.path.unlink(missing_ok=True)
        raise
    return Upload(body, _checksums(decoder.trailers) if decoder else {})


async def _receive(http: Request, decoder: ChunkedDecoder | None, writer: BodyWriter) -> None:
    size = waiting = 0
    pieces: list[bytes] = []
    async for piece in http.stream():
        data = decoder.feed(piece) if decoder else piece
        size += len(data)
        if size > LARGEST_OBJECT_BYTES:
            raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size of 5 GiB.", 400)
        pieces.append(data)
        waiting += len(data)
        if waiting >= WRITE_BYTES:
            await to_thread.run_sync(_write, writer, pieces)
            pieces, waiting = [], 0
    _check_whole(decoder, http.headers, size)
    if pieces:
        await to_thread.run_sync(_write, writer, pieces)


def _write(writer: BodyWriter, pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        writer.write(piece)


def _check_whole(decoder: ChunkedDecoder | None, headers: Mapping[str, str], size: int) -> None:
    if decoder is not None and not decoder.is_complete:
        raise AwsError("IncompleteBody", "The aws-chunked body ended before its last chunk.", 400)
    _check_length(headers, size)


def _check_length(headers: Mapping[str, str], size: int) -> None:
    declared = headers.get("x-amz-decoded-content-length")
    if declared is not None and declared != str(size):
        raise AwsError("IncompleteBody", f"The body has {size} bytes, its headers say {declared}.", 400)


def _check(body: Body, headers: Mapping[str, str]) -> None:
    declared = headers.get("x-amz-content-sha256", "")
    if len(declared) == 64 and declared != body.sha256:
        raise AwsError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
        )


def _checksums(trailers: Mapping[str, str]) -> dict[str, str]:
    """Trailing checksums, which stand for headers that the client could not compute before it sent the body."""
    return {
        f"Checksum{name.removeprefix(CHECKSUM_HEADER).upper()}": value
        for name, value in trailers.items()
        if name.startswith(CHECKSUM_HEADER) and not name.endswith("-type")
    }
