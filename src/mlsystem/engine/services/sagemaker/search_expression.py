"""What a SearchExpression says of a description: filters, nested filters, expressions in expressions.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SearchExpression.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

ORDERINGS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThan": lambda mine, other: mine > other,
    "GreaterThanOrEqualTo": lambda mine, other: mine >= other,
    "LessThan": lambda mine, other: mine < other,
    "LessThanOrEqualTo": lambda mine, other: mine <= other,
}


def holds(expression: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    """Whether a thing, as its Describe operation tells it, satisfies the expression."""
    tests = [_test(one, thing) for one in expression.get("Filters", ())]
    tests += [_nested(one, thing) for one in expression.get("NestedFilters", ())]
    tests += [holds(one, thing) for one in expression.get("SubExpressions", ())]
    return not tests or (any(tests) if expression.get("Operator") == "Or" else all(tests))


def _nested(nested: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    """One object of the list must satisfy every filter, whose names begin with the list's."""
    name = str(nested["NestedPropertyName"])
    filters = [{**one, "Name": str(one["Name"]).removeprefix(f"{name}.")} for one in nested["Filters"]]
    found = _values(thing, name.split("."))
    objects = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return any(all(_test(one, item) for one in filters) for item in objects if isinstance(item, Mapping))


def _test(one: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    found, operator = _values(thing, one["Name"].split(".")), one.get("Operator", "Equals")
    if operator in ("Exists", "NotExists"):
        is_there = len(found) > 0
        return is_there is (operator == "Exists")
    wanted = str(one.get("Value", ""))
    if operator == "NotEquals":
        return all(_text(value) != wanted for value in found)
    return any(_compare(operator, value, wanted) for value in found)


def _compare(operator: str, value: Any, wanted: str) -> bool:
    match operator:
        case "Equals":
            return bool(_text(value) == wanted)
        case "Contains":
            return wanted in _text(value)
        case "In":
            return _text(value) in [item.strip() for item in wanted.split(",")]
    mine, other = _number(value), _number(wanted)
    return mine is not None and other is not None and ORDERINGS[operator](mine, other)


def _values(thing: Any, path: list[str]) -> list[Any]:
    """What stands at a dotted path. A list is entered item by item; metrics and tags are named by a part of the path."""
    if not path:
        return [thing]
    if isinstance(thing, list):
        named = [
            item for item in thing if isinstance(item, dict) and path[0] in (item.get("MetricName"), item.get("Key"))
        ]
        if named:
            rest = path[1:] or (["Value"] if "Key" in named[0] else ["Last"])
            return [value for item in named for value in _values(item, rest)]
        return [value for item in thing for value in _values(item, path)]
    if not isinstance(thing, Mapping):
        return []
    # A name may hold dots itself: `Parameters.SageMaker.InstanceType`.
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name in thing:
            return _values(_unwrapped(thing[name]) if length == len(path) else thing[name], path[length:])
    return []


def _unwrapped(value: Any) -> Any:
    """A parameter's value."""
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= {"NumberValue", "StringValue"}:
        return next(iter(value.values()))
    return value


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp()
    text = str(value)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def order(path: str, identity: str) -> Callable[[Mapping[str, Any]], tuple[float, str, str]]:
    """By what things are sorted that are sorted by a property: the number there, or the text; and what tells two things apart."""

    def mark(thing: Mapping[str, Any]) -> tuple[float, str, str]:
        found = _values(thing, path.split("."))
        number = _number(found[0]) if found else None
        return (number if number is not None else 0.0, _text(found[0]) if found else "", str(thing[identity]))

    return mark
