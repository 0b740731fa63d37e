"""Pages of EventBridge's List operations: a token is the number of items that were given out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError

T = TypeVar("T")
LARGEST_PAGE = 100


def page(
    items: Sequence[T], request: Mapping[str, Any], result: str, summary: Callable[[T], object]
) -> dict[str, object]:
    """`{result: [...], NextToken}`. Raises AwsError(ValidationException)."""
    token = str(request.get("NextToken", "0"))
    if not token.isdecimal():
        raise AwsError("ValidationException", f"The NextToken {token!r} is not one that was given out.")
    start, size = int(token), int(request.get("Limit") or LARGEST_PAGE)
    response: dict[str, object] = {result: [summary(item) for item in items[start : start + size]]}
    if start + size < len(items):
        response["NextToken"] = str(start + size)
    return response
