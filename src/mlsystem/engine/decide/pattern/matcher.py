"""What may stand in the array of a pattern's field: values, and `{"prefix": ...}` and its like.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.pattern.wildcard import wildcard_pattern

Matches = Callable[[Any], bool]
LIMIT = 5_000_000_000
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
LOWER, UPPER = (">", ">="), ("<", "<=")


def invalid(reason: str) -> AwsError:
    """The refusal of a pattern."""
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def exactly(wanted: Any) -> Matches:
    """Numbers are equal by value (300 and 300.0), true is not 1."""
    kind = "number" if is_number(wanted) else type(wanted)
    return lambda value: ("number" if is_number(value) else type(value)) == kind and value == wanted


def operator(name: str, argument: Any) -> Matches:
    """The test of `{name: argument}`; `exists` is not one of them, since it looks at absence. Raises AwsError."""
    if name not in _OPERATORS:
        raise invalid(f"Unrecognized match type {name}")
    return _OPERATORS[name](argument)


def _prefix(argument: Any) -> Matches:
    return _affix("prefix", argument, str.startswith)


def _suffix(argument: Any) -> Matches:
    return _affix("suffix", argument, str.endswith)


def _affix(name: str, argument: Any, test: Callable[[str, str], bool]) -> Matches:
    if isinstance(argument, dict) and set(argument) == {"equals-ignore-case"}:
        text = _text(name, argument["equals-ignore-case"]).casefold()
        return lambda value: isinstance(value, str) and test(value.casefold(), text)
    text = _text(name, argument)
    return lambda value: isinstance(value, str) and test(value, text)


def _equals_ignore_case(argument: Any) -> Matches:
    text = _text("equals-ignore-case", argument).casefold()
    return lambda value: isinstance(value, str) and value.casefold() == text


def _wildcard(argument: Any) -> Matches:
    pattern = wildcard_pattern(_text("wildcard", argument))
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _text(name: str, argument: Any) -> str:
    if not isinstance(argument, str):
        raise invalid(f"{name} match pattern must be a string")
    return argument


def _anything_but(argument: Any) -> Matches:
    if isinstance(argument, dict) and len(argument) == 1:
        ((name, inner),) = argument.items()
        return _none_of([operator(name, text) for text in _excluded(name, inner)])
    values = argument if isinstance(argument, list) else [argument]
    for value in values:
        if not isinstance(value, str) and not is_number(value):
            raise invalid(
                "Inside anything but list, start|null|boolean is not supported."
                if isinstance(argument, list)
                else "Value of anything-but must be an array or single string/number value."
            )
    if not values:
        raise invalid("Empty arrays are not allowed")
    return _none_of([exactly(value) for value in values])


def _excluded(name: str, inner: Any) -> list[Any]:
    """The texts of `{"anything-but": {name: inner}}`."""
    complaints = {
        "prefix": "prefix/suffix match pattern must be a string",
        "suffix": "prefix/suffix match pattern must be a string",
        "equals-ignore-case": "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        "wildcard": "wildcard match pattern must be a string",
    }
    if name not in complaints:
        raise invalid(f"Unsupported anything-but pattern: {name}")
    if isinstance(inner, dict):
        raise invalid("Value of anything-but must be an array or single string/number value.")
    texts = inner if isinstance(inner, list) else [inner]
    if not texts:
        raise invalid("Empty arrays are not allowed")
    if not all(isinstance(text, str) for text in texts):
        raise invalid(complaints[name])
    if name in {"prefix", "suffix"} and "" in texts:
        raise invalid("Null prefix/suffix not allowed")
    return texts


def _none_of(tests: list[Matches]) -> Matches:
    return lambda value: not any(test(value) for test in tests)


def _numeric(argument: Any) -> Matches:
    if not isinstance(argument, list):
        raise invalid("Value of numeric must be an array.")
    if not argument:
        raise invalid("Invalid member in numeric match: ]")
    bounds = [_bound(argument, position) for position in range(0, len(argument), 2)]
    _check_range(bounds)
    return lambda value: is_number(value) and all(COMPARISONS[name](value, number) for name, number in bounds)


def _bound(argument: list[Any], position: int) -> tuple[str, float]:
    name = argument[position]
    if not isinstance(name, str) or name not in COMPARISONS:
        raise invalid(f"Unrecognized numeric range operator: {name}")
    number: Any = argument[position + 1] if position + 1 < len(argument) else None
    if not is_number(number):
        raise invalid(f"Value of {name} must be numeric")
    if not math.isfinite(number) or abs(number) > LIMIT:
        raise invalid(f"Value of {name} must be between -5e9 and +5e9")
    return name, number


def _check_range(bounds: list[tuple[str, float]]) -> None:
    """One bound, or a lower and then an upper one with something between."""
    if len(bounds) == 1:
        return
    first, second = bounds[0], bounds[1]
    if first[0] not in LOWER:
        raise invalid(f"Bad numeric range operator: {first[0]}")
    if second[0] not in UPPER:
        raise invalid(f"Bad numeric range operator: {second[0]}")
    if len(bounds) > 2:
        raise invalid("Too many terms in numeric range")
    if first[1] >= second[1]:
        raise invalid("Bottom must be less than top")


def _cidr(argument: Any) -> Matches:
    if not isinstance(argument, str):
        raise invalid("prefix match pattern must be a string")
    address, slash, mask = argument.partition("/")
    if not slash or "/" in mask:
        raise invalid("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"\d+", mask):
        raise invalid("Malformed CIDR, mask bits must be an integer")
    try:
        network = ipaddress.ip_network(argument, strict=False)
    except ValueError as error:
        raise invalid(f"Nonstandard IP address: {address}") from error
    return lambda value: _is_within(value, network)


def _is_within(value: Any, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    if not isinstance(value, str):
        return False
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address in network


_OPERATORS: Mapping[str, Callable[[Any], Matches]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
