"""Pages of Secrets Manager's lists: `MaxResults` and `NextToken`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError

T = TypeVar("T")

LARGEST_PAGE = 100


def take_page(items: Sequence[T], request: Mapping[str, Any]) -> tuple[Sequence[T], dict[str, object]]:
    """The items of the page, and the member that tells of the next one. Raises AwsError(InvalidNextTokenException)."""
    token = str(request.get("NextToken", "0"))
    if not token.isdecimal():
        raise AwsError("InvalidNextTokenException", "The NextToken value is invalid.")
    start = int(token)
    end = start + int(request.get("MaxResults", LARGEST_PAGE))
    return items[start:end], {"NextToken": str(end)} if end < len(items) else {}
