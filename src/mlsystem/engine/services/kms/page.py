"""Pages of KMS's lists: `Limit` and `Marker` in, `NextMarker` and `Truncated` out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mlsystem.engine.decide.paging import Mark, Paging

T = TypeVar("T")


def take_page(
    items: Iterable[T], request: Mapping[str, Any], usual: int, mark: Callable[[T], Mark]
) -> tuple[list[T], dict[str, object]]:
    """The items of the page, and the members that tell of the next one."""
    found, more = Paging(usual, "Limit", "Marker", "NextMarker").take(items, request, mark)
    return found, {"Truncated": bool(more), **more}
