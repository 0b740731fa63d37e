"""Pages of the Describe operations: a token is the number of things that were given out already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import AwsError

DEFAULT_PAGE = 50


def page(found: Sequence[Mapping[str, object]], request: Mapping[str, Any], name: str) -> dict[str, object]:
    """`{name: [...], NextToken}`. Raises AwsError for a token that was not given out."""
    token = str(request.get("NextToken", "0"))
    if not token.isdecimal():
        raise AwsError("InvalidNextTokenException", f"The NextToken {token!r} is not one that was given out.")
    start, size = int(token), int(request.get("MaxResults", DEFAULT_PAGE))
    answer: dict[str, object] = {name: list(found[start : start + size])}
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return answer
