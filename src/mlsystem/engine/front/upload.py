"""Takes the body of an object from the socket to a file, and checks it on the way."""

from __future__ import annotations

import base64
import errno
from collections.abc import Mapping

from anyio import to_thread
from starlette.requests import Request

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.chunked import ChunkedDecoder
from mlsystem.engine.store.bodies import Body, BodyWriter
from mlsystem.engine.store.folder import DataFolder

LARGEST_OBJECT_BYTES = 5 * 1024**3


async def receive_body(http: Request, folder: DataFolder) -> Body:
    """The whole body, on disk, aside. Raises AwsError for broken framing, a wrong checksum, an object over 5 GiB or a full disk."""
    decoder = ChunkedDecoder() if "aws-chunked" in http.headers.get("content-encoding", "") else None
    with BodyWriter(folder) as writer:
        size = 0
        async for piece in http.stream():
            data = decoder.feed(piece) if decoder else piece
            size += len(data)
            if size > LARGEST_OBJECT_BYTES:
                raise AwsError("EntityTooLarge", "An object may have at most 5 GiB in one request.")
            await _write(writer, data)
        if decoder is not None and not decoder.is_complete:
            raise AwsError("IncompleteBody", "The aws-chunked body ended before its last chunk.")
        body = await to_thread.run_sync(_finish, writer)
    try:
        _check(body, {**http.headers, **(decoder.trailers if decoder else {})})
    except AwsError:
        body.path.unlink(missing_ok=True)
        raise
    return body


async def _write(writer: BodyWriter, data: bytes) -> None:
    if not data:
        return
    try:
        await to_thread.run_sync(writer.write, data)
    except OSError as error:
        raise _disk_error(error) from error


def _finish(writer: BodyWriter) -> Body:
    try:
        return writer.finish()
    except OSError as error:
        raise _disk_error(error) from error


def _disk_error(error: OSError) -> AwsError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AwsError(
            "InternalError", "The disk of the engine's data folder is full: free space, then try again.", 507
        )
    return AwsError("InternalError", f"The object cannot be written: {error.strerror}", 500)


def _check(body: Body, headers: Mapping[str, str]) -> None:
    expected_md5 = headers.get("content-md5")
    if expected_md5 and base64.b64encode(bytes.fromhex(body.md5)).decode() != expected_md5:
        raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    for name, value in body.checksums.items():
        declared = headers.get(f"x-amz-checksum-{name}")
        if declared and declared != value:
            raise AwsError("BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.")
    declared_hash = headers.get("x-amz-content-sha256", "")
    if len(declared_hash) == 64 and declared_hash != body.sha256:
        raise AwsError("XAmzContentSHA256Mismatch", "The body does not match the x-amz-content-sha256 header.")
