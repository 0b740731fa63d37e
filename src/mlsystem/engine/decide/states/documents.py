"""JSON texts as they pass between states: written compactly, as AWS writes them, and limited in size.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: a task, a state or an execution takes and
gives at most 256 KiB, as a UTF-8 string.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

# Any JSON value, as json.loads gives it. Values are shared, never changed in place.
Json: TypeAlias = Any

LARGEST_BYTES = 256 * 1024


def compact(value: Json) -> str:
    """The JSON text without blanks; raises ValueError for what JSON cannot say (NaN, infinity)."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def size(value: Json) -> int:
    """Bytes of the JSON text in UTF-8."""
    return len(compact(value).encode("utf-8", "surrogatepass"))


def is_number(value: Json) -> bool:
    """JSON's number: true and false are none, though Python thinks so."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Json) -> bool:
    """An integer, written as one or as 3.0."""
    return is_number(value) and float(value).is_integer()


def equal(left: Json, right: Json) -> bool:
    """JSON equality: 1 equals 1.0 but not true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return bool(left == right)
