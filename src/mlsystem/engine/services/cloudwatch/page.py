"""Pages of a list. A token is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import AwsError


def page(found: Sequence[object], request: Mapping[str, Any], result: str, size: int) -> dict[str, object]:
    """`{result: [...], NextToken}`. Raises AwsError(InvalidNextToken)."""
    token = request.get("NextToken")
    if token is not None and not token.isdecimal():
        raise AwsError("InvalidNextToken", f"The NextToken {token!r} is not one that was given out.", status=400)
    start = int(token or 0)
    response: dict[str, object] = {result: list(found[start : start + size])}
    if start + size < len(found):
        response["NextToken"] = str(start + size)
    return response
