"""Pages of a list. A token is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from mlsystem.engine.decide.errors import AwsError

PAGE = 100


def page(found: Iterable[object], request: Mapping[str, Any], result: str) -> dict[str, object]:
    """`{result: [...], nextToken}`; what was found is read as far as the page goes. Raises AwsError(InvalidNextTokenException)."""
    token = request.get("nextToken")
    if token is not None and not token.isdecimal():
        raise AwsError("InvalidNextTokenException", f"The nextToken {token!r} is not one that was given out.")
    start = int(token or 0)
    items = list(islice(found, start, start + PAGE + 1))
    response: dict[str, object] = {result: items[:PAGE]}
    if len(items) > PAGE:
        response["nextToken"] = str(start + PAGE)
    return response
