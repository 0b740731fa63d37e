"""Rules for the value of one field of a definition: what it must be, and what to say if it is not."""

from __future__ import annotations

from collections.abc import Callable

from mlsystem.engine.decide.states.documents import Json, is_number, is_whole
from mlsystem.engine.decide.states.faults import FaultList
from mlsystem.engine.decide.states.intrinsic_syntax import IntrinsicSyntaxError
from mlsystem.engine.decide.states.jsonata_expression import ExpressionSyntaxError, check_expression, expression_of
from mlsystem.engine.decide.states.path_syntax import ROOT, PathSyntaxError, parse_reference_path
from mlsystem.engine.decide.states.paths import check_path
from mlsystem.engine.decide.states.payload_template import SUFFIX, check_intrinsic
from mlsystem.engine.decide.states.timestamps import parse_timestamp

# Checks the value of the field at a location ("/States/Wait/Seconds") and adds what is wrong to the faults.
Rule = Callable[[Json, str, FaultList], None]

# https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html: the largest TimeoutSeconds.
MOST_SECONDS = 99_999_999


def anything(value: Json, location: str, faults: FaultList) -> None:
    """Any JSON."""


def text(value: Json, location: str, faults: FaultList) -> None:
    if not isinstance(value, str):
        faults.schema("Expected value of type String", location)


def flag(value: Json, location: str, faults: FaultList) -> None:
    if not isinstance(value, bool):
        faults.schema("Expected value of type Boolean", location)


def mapping(value: Json, location: str, faults: FaultList) -> None:
    if not isinstance(value, dict):
        faults.schema("Expected value of type Object", location)


def whole(least: int, most: int | None = None) -> Rule:
    """An integer within bounds, both included."""

    def rule(value: Json, location: str, faults: FaultList) -> None:
        if not is_whole(value):
            faults.schema("Expected value of type Integer", location)
        elif value < least:
            faults.schema(f"Value must be at least {least}", location)
        elif most is not None and value > most:
            faults.schema(f"Value must be at most {most}", location)

    return rule


def number(least: float, most: float | None = None) -> Rule:
    """A number within bounds, both included."""

    def rule(value: Json, location: str, faults: FaultList) -> None:
        if not is_number(value):
            faults.schema("Expected value of type Number", location)
        elif value < least:
            faults.schema(f"Value must be at least {least:g}", location)
        elif most is not None and value > most:
            faults.schema(f"Value must be at most {most:g}", location)

    return rule


def timestamp(value: Json, location: str, faults: FaultList) -> None:
    if parse_timestamp(value) is None:
        faults.schema("String does not match RFC3339 timestamp", location)


def path(value: Json, location: str, faults: FaultList) -> None:
    if not isinstance(value, str):
        faults.schema("Expected value of type String", location)
        return
    try:
        check_path(value)
    except PathSyntaxError as error:
        faults.schema(f"Value is not a valid JSONPath: {error}", location)


def path_or_null(value: Json, location: str, faults: FaultList) -> None:
    if value is not None:
        path(value, location, faults)


def reference_path(value: Json, location: str, faults: FaultList) -> None:
    if not isinstance(value, str):
        faults.schema("Expected value of type String", location)
        return
    try:
        parse_reference_path(value)
    except PathSyntaxError as error:
        faults.schema(f"Value is not a Reference Path: {error}", location)


def result_path(value: Json, location: str, faults: FaultList) -> None:
    """A Reference Path into the input, neither into the context object nor into a variable; null discards the
    result."""
    if value is None:
        return
    before = len(faults.faults)
    reference_path(value, location, faults)
    if len(faults.faults) == before and parse_reference_path(value).root != ROOT:
        faults.schema("ResultPath must begin with '$.': it cannot change the Context Object or a variable", location)


def path_or_intrinsic(value: Json, location: str, faults: FaultList) -> None:
    """ErrorPath and CausePath."""
    if isinstance(value, str) and not value.startswith("$"):
        _resolvable(location.rsplit("/", 1)[-1], value, location, faults)
    else:
        reference_path(value, location, faults)


def template(value: Json, location: str, faults: FaultList) -> None:
    """A payload template: an object, whose fields `x.$` are paths or calls of intrinsic functions."""
    if not isinstance(value, dict):
        faults.schema("Expected value of type Object", location)
        return
    _template(value, location, faults)


def _template(value: Json, location: str, faults: FaultList) -> None:
    if isinstance(value, list):
        for place, item in enumerate(value):
            _template(item, f"{location}[{place}]", faults)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if not name.endswith(SUFFIX):
            _template(item, f"{location}/{name}", faults)
        elif name.removesuffix(SUFFIX) in value:
            faults.schema(f"Field '{name.removesuffix(SUFFIX)}' is there twice, with and without '.$'", location)
        else:
            _resolvable(name, item, location, faults)


def _resolvable(name: str, value: Json, location: str, faults: FaultList) -> None:
    try:
        if not isinstance(value, str):
            raise PathSyntaxError("it is no string")
        if value.startswith("$"):
            check_path(value)
        else:
            check_intrinsic(value)
    except (PathSyntaxError, IntrinsicSyntaxError) as error:
        faults.schema(
            f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call ({error})",
            location,
        )


def query_value(value: Json, location: str, faults: FaultList) -> None:
    """Any JSON, in which strings may be JSONata expressions."""
    if isinstance(value, dict):
        for name, item in value.items():
            query_value(item, f"{location}/{name}", faults)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            query_value(item, f"{location}[{place}]", faults)
    elif (expression := expression_of(value)) is not None:
        _expression(expression, location, faults)


def query_or(rule: Rule) -> Rule:
    """A JSONata expression, or a value for which the rule holds."""

    def either(value: Json, location: str, faults: FaultList) -> None:
        expression = expression_of(value)
        if expression is None:
            rule(value, location, faults)
        else:
            _expression(expression, location, faults)

    return either


def query_items(value: Json, location: str, faults: FaultList) -> None:
    """A Map's Items: an array, or an expression that gives one."""
    if not isinstance(value, list) and expression_of(value) is None:
        faults.schema("Items must be an array or a JSONata expression", location)
    query_value(value, location, faults)


def _expression(expression: str, location: str, faults: FaultList) -> None:
    try:
        check_expression(expression)
    except ExpressionSyntaxError as error:
        faults.schema(f"Invalid JSONata expression '{expression}': {error}", location)
