"""Pages of Step Functions' List operations: a token is the number of items that were given out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError

T = TypeVar("T")
LARGEST_PAGE = 1000


def when(seconds: float) -> datetime:
    """A time stamp as AWS answers it."""
    return datetime.fromtimestamp(seconds, UTC)


def page(
    items: Sequence[T], request: Mapping[str, Any], result: str, summary: Callable[[T], Mapping[str, object]]
) -> dict[str, object]:
    """`{result: [...], nextToken}`. Raises AwsError(InvalidToken)."""
    return read_page(lambda start, count: items[start : start + count], request, result, summary)


def read_page(
    read: Callable[[int, int], Iterable[T]],
    request: Mapping[str, Any],
    result: str,
    summary: Callable[[T], Mapping[str, object]],
) -> dict[str, object]:
    """As `page`, of items that are read: from which on, and how many at most. Raises AwsError(InvalidToken)."""
    token = str(request.get("nextToken", "0"))
    if not token.isdecimal():
        raise AwsError("InvalidToken", f"Invalid Token: '{token}'")
    start, size = int(token), int(request.get("maxResults") or 0) or LARGEST_PAGE
    found = list(read(start, size + 1))
    response: dict[str, object] = {result: [summary(item) for item in found[:size]]}
    if len(found) > size:
        response["nextToken"] = str(start + size)
    return response
