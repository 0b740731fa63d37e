"""The header Range: pure. https://www.rfc-editor.org/rfc/rfc9110#name-range-requests"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlsystem.engine.decide.errors import AwsError

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class ByteRange:
    """`length` bytes from `start`, of `size`."""

    start: int
    length: int
    size: int

    @property
    def header(self) -> str:
        """The header Content-Range."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def read_range(header: str | None, size: int) -> ByteRange | None:
    """None for no range, and for one that is not understood, which is ignored. Raises AwsError(InvalidRange)."""
    match = RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
        if last.strip("0") == "":
            start = size
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size:
        raise AwsError("InvalidRange", f"The requested range is not satisfiable: {header} of {size} bytes", 416)
    return ByteRange(start, end - start + 1, size)
