"""Pages of Step Functions' List operations: a token is the number of items that were given out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError

T = TypeVar("T")
LARGEST_PAGE = 1000


def when(seconds: float) -> datetime:
    """A time stamp as AWS answers it."""
    return datetime.fromtimestamp(seconds, UTC)


def page(
    items: Iterable[T], request: Mapping[str, Any], result: str, summary: Callable[[T], Mapping[str, object]]
) -> dict[str, object]:
    """`{result: [...], nextToken}`; the items are read as far as the page goes. Raises AwsError(InvalidToken)."""
    token = str(request.get("nextToken", "0"))
    if not token.isdecimal():
        raise AwsError("InvalidToken", f"Invalid Token: '{token}'")
    start, size = int(token), int(request.get("maxResults") or 0) or LARGEST_PAGE
    found = list(islice(items, start, start + size + 1))
    response: dict[str, object] = {result: [summary(item) for item in found[:size]]}
    if len(found) > size:
        response["nextToken"] = str(start + size)
    return response
