"""Pages of a list. A token is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import AwsError

PAGE = 100


def page(found: Sequence[object], request: Mapping[str, Any], result: str) -> dict[str, object]:
    """`{result: [...], nextToken}`. Raises AwsError(InvalidNextTokenException)."""
    token = request.get("nextToken")
    if token is not None and not token.isdecimal():
        raise AwsError("InvalidNextTokenException", f"The nextToken {token!r} is not one that was given out.")
    start = int(token or 0)
    response: dict[str, object] = {result: list(found[start : start + PAGE])}
    if start + PAGE < len(found):
        response["nextToken"] = str(start + PAGE)
    return response
