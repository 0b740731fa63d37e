"""Instants as text: RFC 3339 with an upper-case T, and an upper-case Z or a numeric offset.

https://states-language.net/spec.html#timestamps
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def parse_timestamp(text: object) -> float | None:
    """Seconds since the epoch, or None if the text is no timestamp."""
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        return None
    # datetime knows microseconds; finer digits are allowed and cut off.
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        return datetime.fromisoformat(trimmed).timestamp()
    except (ValueError, OverflowError):
        return None


def format_timestamp(at: float) -> str:
    """Milliseconds and Z, as the context object has it: 2016-03-14T01:59:00.123Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
