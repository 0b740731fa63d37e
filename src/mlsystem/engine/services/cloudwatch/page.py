"""Pages of a list. A token is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from mlsystem.engine.decide.errors import AwsError


def page(found: Iterable[object], request: Mapping[str, Any], result: str, size: int) -> dict[str, object]:
    """`{result: [...], NextToken}`; what was found is read as far as the page goes. Raises AwsError(InvalidNextToken)."""
    start = start_of(request)
    items = list(islice(found, start, start + size + 1))
    response: dict[str, object] = {result: items[:size]}
    if len(items) > size:
        response["NextToken"] = str(start + size)
    return response


def start_of(request: Mapping[str, Any]) -> int:
    """How many items were given out already. Raises AwsError(InvalidNextToken)."""
    token = request.get("NextToken")
    if token is not None and not token.isdecimal():
        raise AwsError("InvalidNextToken", f"The NextToken {token!r} is not one that was given out.", status=400)
    return int(token or 0)
