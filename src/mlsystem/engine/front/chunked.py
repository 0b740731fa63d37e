"""Decodes `Content-Encoding: aws-chunked`, in which S3 clients send bodies with a trailing checksum or chunk signatures.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import re

from mlsystem.engine.decide.errors import AwsError

# Python reads more as a number: a sign, underscores.
SIZE = re.compile(r"[0-9A-Fa-f]{1,16}")


class ChunkedDecoder:
    """Fed with the body as it arrives; gives the object's bytes, and the trailers at the end."""

    LONGEST_LINE = 8192

    def __init__(self) -> None:
        self.trailers: dict[str, str] = {}
        self._buffer = bytearray()
        self._missing = 0
        self._state = "size"

    @property
    def is_complete(self) -> bool:
        return self._state == "done"

    def feed(self, data: bytes) -> bytes:
        """The bytes of the object that are known now. Raises AwsError(InvalidRequest) for broken framing."""
        self._buffer += data
        output = bytearray()
        while self._buffer and self._state != "done":
            if self._state == "data":
                taken = bytes(self._buffer[: self._missing])
                output += taken
                del self._buffer[: len(taken)]
                self._missing -= len(taken)
                if self._missing == 0:
                    self._state = "end"
                continue
            line = self._line()
            if line is None:
                break
            self._on_line(line)
        return bytes(output)

    def _line(self) -> str | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > self.LONGEST_LINE:
                raise AwsError("InvalidRequest", "The aws-chunked body has a chunk header without an end.")
            return None
        line = bytes(self._buffer[:end]).decode("latin-1")
        del self._buffer[: end + 2]
        return line

    def _on_line(self, line: str) -> None:
        if self._state == "end":
            if line:
                raise AwsError("InvalidRequest", "The aws-chunked body has a chunk longer than its header says.")
            self._state = "size"
        elif self._state == "size":
            size = line.split(";", 1)[0]
            if not SIZE.fullmatch(size):
                raise AwsError("InvalidRequest", f"The aws-chunked body has {line!r} for a chunk header.", 400)
            self._missing = int(size, 16)
            self._state = "data" if self._missing else "trailers"
        elif not line:
            self._state = "done"
        else:
            name, _, value = line.partition(":")
            self.trailers[name.strip().lower()] = value.strip()
