"""Conditions of a statement: all operators, and all keys of each, must be true.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.access.matching import Context, arn_matches, matches
from mlsystem.engine.decide.errors import AwsError

Test = Callable[[str, str, Context], bool]
Condition = Mapping[str, Mapping[str, Any]]

FOR_ALL, FOR_ANY, IF_EXISTS = "ForAllValues:", "ForAnyValue:", "IfExists"


def _equals(wanted: str, given: str, context: Context) -> bool:
    # Variables are filled in, but `*` and `?` are themselves.
    return matches(wanted.replace("*", "${*}").replace("?", "${?}"), given, context)


def _equals_ignoring_case(wanted: str, given: str, context: Context) -> bool:
    return _equals(wanted.lower(), given.lower(), context)


def _bool(wanted: str, given: str, context: Context) -> bool:
    return wanted.lower() == given.lower()


def _ip_address(wanted: str, given: str, context: Context) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _numeric(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, context: Context) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, context: Context) -> bool:
        try:
            return compare(_seconds(given), _seconds(wanted))
        except ValueError:
            return False

    return test


def _seconds(text: str) -> float:
    """An instant as seconds since 1970, or in ISO 8601."""
    if text.replace(".", "", 1).isdigit():
        return float(text)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}
TESTS: dict[str, Test] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": matches,
    "Bool": _bool,
    "BinaryEquals": _equals,
    "IpAddress": _ip_address,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    **{f"Numeric{name}": _numeric(compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
}
# Each is true where the other is not; of several wanted values none may match.
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def is_met(condition: Condition, context: Context) -> bool:
    """Whether all of it is true. Raises AwsError(MalformedPolicyDocument) for an operator that does not exist."""
    return all(
        _is_true(operator, key, values_of(wanted), context)
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def check(condition: Any) -> None:
    """Raises AwsError(MalformedPolicyDocument) for what is no condition, and an operator that does not exist."""
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise AwsError("MalformedPolicyDocument", "A condition has operators, and each of them keys with their values.")
    for operator in condition:
        _read(operator)


def values_of(value: Any) -> tuple[str, ...]:
    """One value or a list of them, as texts; JSON's true and numbers may stand for their texts."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items)


def _is_true(operator: str, key: str, wanted: tuple[str, ...], context: Context) -> bool:
    quantifier, name, may_lack = _read(operator)
    given = context.get(key.lower())
    if name == "Null":
        return (given is None) == (wanted[0].lower() == "true")
    is_negated = name in NEGATED
    if not given:
        return may_lack or quantifier == FOR_ALL or (is_negated and quantifier != FOR_ANY)
    test = TESTS[NEGATED.get(name, name)]
    hits = [any(test(one, value, context) for one in wanted) != is_negated for value in given]
    return any(hits) if quantifier == FOR_ANY else all(hits)


def _read(operator: str) -> tuple[str, str, bool]:
    """The quantifier, the operator itself, and whether the key may be absent."""
    quantifier = next((prefix for prefix in (FOR_ALL, FOR_ANY) if operator.startswith(prefix)), "")
    name = operator.removeprefix(quantifier)
    may_lack = name.endswith(IF_EXISTS)
    name = name.removesuffix(IF_EXISTS)
    if name not in TESTS and name not in NEGATED and name != "Null":
        raise AwsError("MalformedPolicyDocument", f"The condition operator {operator} does not exist.")
    return quantifier, name, may_lack
