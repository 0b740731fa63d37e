"""Pages of KMS's lists: `Limit` and `Marker` in, `NextMarker` and `Truncated` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError

T = TypeVar("T")


def take_page(items: Sequence[T], request: Mapping[str, Any], usual: int) -> tuple[Sequence[T], dict[str, object]]:
    """The items of the page, and the members that tell of the next one. Raises AwsError(InvalidMarkerException)."""
    marker = str(request.get("Marker", "0"))
    if not marker.isdecimal():
        raise AwsError("InvalidMarkerException", f"The marker {marker!r} was not given out by this list.")
    start = int(marker)
    end = start + int(request.get("Limit", usual))
    if end >= len(items):
        return items[start:], {"Truncated": False}
    return items[start:end], {"Truncated": True, "NextMarker": str(end)}
