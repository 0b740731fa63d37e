"""Event patterns: which events a rule is for.

A field of a pattern is found by its path, whether the pattern or the event writes it nested (`{"a": {"b": ...}}`) or dotted
(`{"a.b": ...}`). An array in the event matches if one of its elements does; fields of the pattern below one array must match in the same
element of it.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.decide.pattern.matcher import Matches, exactly, invalid, operator

OR = "$or"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or
MOST_ALTERNATIVES = 1000


@dataclass(frozen=True)
class _Field:
    """The tests of one path; one of them must hold of one value. `may_be_absent`: `{"exists": false}` is among them."""

    path: tuple[str, ...]
    tests: tuple[Matches, ...]
    needs_presence: bool
    may_be_absent: bool


@dataclass(frozen=True)
class Pattern:
    """Alternatives, each a list of fields that must all match."""

    alternatives: tuple[tuple[_Field, ...], ...]

    def matches(self, event: Mapping[str, Any]) -> bool:
        return any(_all_match(fields, event) for fields in self.alternatives)


def read_pattern(text: str) -> Pattern:
    """Raises AwsError(InvalidEventPatternException), in EventBridge's words."""
    try:
        source = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise invalid(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    except ValueError as error:  # a number of thousands of digits
        raise invalid(str(error)) from error
    if not isinstance(source, dict):
        raise invalid("Filter is not an object")
    return Pattern(tuple(tuple(fields) for fields in _expand(source, ())))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"Path `{name}` cannot be allowed multiple times")
    return dict(pairs)


def _expand(source: dict[str, Any], path: tuple[str, ...]) -> list[list[_Field]]:
    """The alternatives of an object: those of its members, combined."""
    if not source:
        raise invalid("Empty objects are not allowed")
    result: list[list[_Field]] = [[]]
    for name, content in source.items():
        alternatives = _member(name, content, path)
        if len(result) * len(alternatives) > MOST_ALTERNATIVES:
            raise invalid(f"Rule is too complex: it has more than {MOST_ALTERNATIVES} combinations of $or")
        result = [[*before, *more] for before in result for more in alternatives]
    return result


def _member(name: str, content: Any, path: tuple[str, ...]) -> list[list[_Field]]:
    if name == OR and isinstance(content, list) and content and all(_is_alternative(item) for item in content):
        if len(content) < 2:
            raise invalid("There must have at least 2 Objects in $or relationship")
        return [fields for item in content for fields in _expand(item, path)]
    here = (*path, *name.split("."))
    if isinstance(content, dict):
        return _expand(content, here)
    if isinstance(content, list):
        return [[_field(here, content)]]
    raise invalid(f'"{name}" must be an object or an array')


def _is_alternative(item: Any) -> bool:
    """In the array of a true $or stand patterns; an operator has a scalar or an array of its own beneath its name."""
    return isinstance(item, dict) and bool(item) and all(isinstance(member, dict | list) for member in item.values())


def _field(path: tuple[str, ...], content: list[Any]) -> _Field:
    if not content:
        raise invalid("Empty arrays are not allowed")
    tests: list[Matches] = []
    needs_presence = may_be_absent = False
    for item in content:
        if not isinstance(item, dict):
            tests.append(_value(item))
            continue
        if len(item) != 1:
            raise invalid("Only one key allowed in match expression")
        ((name, argument),) = item.items()
        if name != "exists":
            tests.append(operator(name, argument))
        elif not isinstance(argument, bool):
            raise invalid("exists match pattern must be either true or false.")
        else:
            needs_presence = needs_presence or argument
            may_be_absent = may_be_absent or not argument
    return _Field(path, tuple(tests), needs_presence, may_be_absent)


def _value(item: Any) -> Matches:
    if isinstance(item, list):
        raise invalid("Match value must be String, number, true, false, or null")
    return exactly(item)


def _all_match(fields: tuple[_Field, ...], event: Mapping[str, Any]) -> bool:
    """Try the elements of the event's arrays until one choice of them satisfies every field."""
    return _choose(list(fields), event, {})


def _choose(fields: list[_Field], event: Mapping[str, Any], chosen: dict[tuple[str, ...], int]) -> bool:
    if not fields:
        return True
    field, *rest = fields
    found = False
    for value, choice in _values(event, field.path, (), chosen):
        found = True
        if (field.needs_presence or any(test(value) for test in field.tests)) and _choose(rest, event, choice):
            return True
    return not found and field.may_be_absent and _choose(rest, event, chosen)


def _values(
    node: Any, path: tuple[str, ...], place: tuple[str, ...], chosen: dict[tuple[str, ...], int]
) -> Iterator[tuple[Any, dict[tuple[str, ...], int]]]:
    """The leaves at a path, each with the array elements that lead to it; elements chosen before are kept to."""
    if isinstance(node, list):
        for index, element in enumerate(node):
            # Arrays of plain values are sets: each field may take any of them.
            is_plain = not isinstance(element, dict | list)
            if is_plain or chosen.get(place, index) == index:
                choice = chosen if is_plain else {**chosen, place: index}
                yield from _values(element, path, (*place, str(index)), choice)
    elif isinstance(node, dict):
        for name, member in node.items():
            parts = tuple(name.split("."))
            if path[: len(parts)] == parts:
                yield from _values(member, path[len(parts) :], (*place, name), chosen)
    elif not path:
        yield node, chosen
