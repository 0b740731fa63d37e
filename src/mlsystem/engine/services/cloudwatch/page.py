"""Pages of a list. A token is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import AwsError


def page(found: Sequence[object], request: Mapping[str, Any], result: str, size: int) -> dict[str, object]:
    """`{result: [...], NextToken}`. Raises AwsError(InvalidNextToken)."""
    start = start_of(request)
    response: dict[str, object] = {result: list(found[start : start + size])}
    if start + size < len(found):
        response["NextToken"] = str(start + size)
    return response


def start_of(request: Mapping[str, Any]) -> int:
    """How many items were given out already. Raises AwsError(InvalidNextToken)."""
    token = request.get("NextToken")
    if token is not None and not token.isdecimal():
        raise AwsError("InvalidNextToken", f"The NextToken {token!r} is not one that was given out.", status=400)
    return int(token or 0)
