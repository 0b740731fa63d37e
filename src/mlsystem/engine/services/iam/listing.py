"""Pages of IAM's lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mlsystem.engine.decide.paging import Mark, Paging

T = TypeVar("T")
PAGES = Paging(100, "MaxItems", "Marker", "Marker")


def page(
    items: Iterable[T],
    request: Mapping[str, Any],
    result: str,
    mark: Callable[[T], Mark],
    show: Callable[[T], object] = lambda item: item,
) -> dict[str, object]:
    """`{result: [...], IsTruncated, Marker}`."""
    found, more = PAGES.take(items, request, mark)
    return {result: [show(item) for item in found], "IsTruncated": bool(more), **more}
