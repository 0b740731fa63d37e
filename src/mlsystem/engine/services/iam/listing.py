"""Pages of IAM's lists: a marker is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import AwsError

DEFAULT_PAGE = 100


def page(found: Sequence[Mapping[str, object]], request: Mapping[str, Any], name: str) -> dict[str, object]:
    """`{name: [...], IsTruncated, Marker}`. Raises AwsError(InvalidInput) for a marker that was not given out."""
    marker = str(request.get("Marker", "0"))
    if not marker.isdecimal():
        raise AwsError("InvalidInput", f"The Marker {marker!r} is not one that was given out.")
    start, size = int(marker), int(request.get("MaxItems", DEFAULT_PAGE))
    is_truncated = start + size < len(found)
    answer: dict[str, object] = {name: list(found[start : start + size]), "IsTruncated": is_truncated}
    return answer | ({"Marker": str(start + size)} if is_truncated else {})
