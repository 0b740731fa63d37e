"""The comparison operators of JSONPath Choice rules.

https://states-language.net/spec.html#choice-state. Values of the wrong type never match; they are no error.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlsystem.engine.decide.states.documents import Json, is_number
from mlsystem.engine.decide.states.timestamps import parse_timestamp
from mlsystem.engine.decide.wildcards import anything_between

Compare = Callable[[Json, Json], bool]


@dataclass(frozen=True)
class Operator:
    """`expects` is what the definition must give it: "string", "number", "boolean" or "timestamp"."""

    expects: str
    matches: Compare
    has_path: bool = True


def _typed(convert: Callable[[Json], Json | None], compare: Compare) -> Compare:
    """Compare two values of one type; anything else does not match."""

    def matches(value: Json, wanted: Json) -> bool:
        left, right = convert(value), convert(wanted)
        return left is not None and right is not None and compare(left, right)

    return matches


def _as_string(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _as_number(value: Json) -> float | int | None:
    return value if is_number(value) else None


def _as_boolean(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _is(check: Callable[[Json], bool]) -> Compare:
    return lambda value, wanted: check(value) is wanted


def has_open_escape(pattern: str) -> bool:
    r"""Whether a backslash stands before anything but `*` or a backslash."""
    return re.search(r"\\(?![*\\])", re.sub(r"\\[*\\]", "", pattern)) is not None


def _string_matches(value: Json, pattern: Json) -> bool:
    r"""`*` matches any characters; `\*` and `\\` stand for themselves."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return False
    pieces = re.findall(r"\\.|\*|[^\\*]+", pattern, re.DOTALL)
    between: list[str] = [""]
    for piece in pieces:
        if piece == "*":
            between.append("")
        else:
            between[-1] += re.escape(piece[1:] if piece.startswith("\\") else piece)
    return re.fullmatch(anything_between(between), value, re.DOTALL) is not None


_ORDERS: Mapping[str, Compare] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_ORDERED = {
    "String": ("string", _as_string),
    "Numeric": ("number", _as_number),
    "Timestamp": ("timestamp", parse_timestamp),
}

# By name, without those ending in Path, which compare with the value of a path.
OPERATORS: Mapping[str, Operator] = {
    **{
        f"{kind}{order}": Operator(expects, _typed(convert, compare))
        for kind, (expects, convert) in _ORDERED.items()
        for order, compare in _ORDERS.items()
    },
    "BooleanEquals": Operator("boolean", _typed(_as_boolean, operator.eq)),
    "StringMatches": Operator("string", _string_matches, has_path=False),
    "IsNull": Operator("boolean", _is(lambda value: value is None), has_path=False),
    "IsNumeric": Operator("boolean", _is(is_number), has_path=False),
    "IsString": Operator("boolean", _is(lambda value: isinstance(value, str)), has_path=False),
    "IsBoolean": Operator("boolean", _is(lambda value: isinstance(value, bool)), has_path=False),
    "IsTimestamp": Operator("boolean", _is(lambda value: parse_timestamp(value) is not None), has_path=False),
}

# Asks whether the path means anything, and so is not among those that compare a value.
IS_PRESENT = "IsPresent"


def operator_of(rule: Mapping[str, Json]) -> list[str]:
    """The names of the comparison operators in a rule; a good rule has exactly one."""
    return [name for name in rule if name == IS_PRESENT or name in OPERATORS or is_path_operator(name)]


def is_path_operator(name: str) -> bool:
    """Whether it compares with the value of a path ("NumericLessThanPath")."""
    known = OPERATORS.get(name.removesuffix("Path"))
    return name.endswith("Path") and known is not None and known.has_path
