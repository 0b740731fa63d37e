"""Times in the answers of AWS's API, in UTC.

botocore's own parser gives them the machine's zone, by code that takes longer for the points of a chart than all else that the chart needs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def read_timestamp(value: Any) -> datetime:
    """Of seconds since the epoch, ISO 8601 or RFC 822. Raises ValueError for anything else."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(value)
    except (OSError, OverflowError, TypeError, ValueError):
        from botocore.utils import parse_timestamp

        found = parse_timestamp(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
