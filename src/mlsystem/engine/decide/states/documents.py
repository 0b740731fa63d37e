"""JSON texts as they pass between states: written compactly, as AWS writes them, and limited in size.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: a task, a state or an execution takes and
gives at most 256 KiB, as a UTF-8 string.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeAlias

# Any JSON value, as json.loads gives it. Values are shared, never changed in place.
Json: TypeAlias = Any

LARGEST_BYTES = 256 * 1024
DEEPEST = 200


def compact(value: Json) -> str:
    """The JSON text without blanks; raises ValueError for what JSON cannot say (NaN, infinity)."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read(text: str) -> Json:
    """The value of a JSON text. Raises ValueError for what is none.

    Python takes more than JSON has (NaN, numbers beyond all bounds, half a character), and what is nested without end would stop whoever
    walks through it later.
    """
    value = json.loads(text, parse_constant=_no_number)
    compact(value).encode()
    if _is_deeper(value, DEEPEST):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_deeper(value: Json, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_deeper(one, levels - 1) for one in inside) if levels else bool(inside)


def size(value: Json) -> int:
    """Bytes of the JSON text in UTF-8."""
    return len(compact(value).encode("utf-8", "surrogatepass"))


def is_number(value: Json) -> bool:
    """JSON's number: true and false are none, though Python thinks so."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Json) -> bool:
    """An integer, written as one or as 3.0."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def equal(left: Json, right: Json) -> bool:
    """JSON equality: 1 equals 1.0 but not true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return bool(left == right)
