"""JSONata expressions: strings that begin with `{%` and end with `%}`.

https://states-language.net/spec.html#jsonata-concepts. The library (jsonata-python) is used through this module
alone. It means JSON's null by a value of its own and "nothing" by Python's None, so data is translated on the way in
and out; that also keeps it from changing ours. It bounds neither time nor depth, so a count of evaluation steps does:
an endless recursion fails instead of holding up the engine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.jsonata_additions import LONGEST_TEXT, additions
from mlsystem.engine.decide.states.scope import Scope

MOST_STEPS = 1_000_000
DEEPEST = 500
LONGEST_RANGE = 1_000_000

# The library hands on what its own code runs into (1/0, a bad regular expression, a date out of range).
_LIBRARY_ERRORS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, re.error)


class ExpressionSyntaxError(ValueError):
    """A text that is no JSONata expression."""


class ExpressionError(ValueError):
    """An expression that threw an error; the message begins with JSONata's code, if it has one."""


class Undefined(ValueError):
    """An expression that returned nothing, which JSON cannot say."""


class Unsupported(ValueError):
    """An expression that returned what JSON cannot say: a function, a regular expression, a number out of range."""


def expression_of(value: Json) -> str | None:
    """What is between `{%` and `%}`, or None for anything else. No blanks may stand outside."""
    if isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}"):
        return value[2:-2].strip()
    return None


def check_expression(text: str) -> None:
    """Raises ExpressionSyntaxError."""
    try:
        Jsonata(text)
    except _LIBRARY_ERRORS as error:
        raise ExpressionSyntaxError(_told(error)) from error


def evaluate(text: str, states: Mapping[str, Json], scope: Scope) -> Json:
    """The value of an expression that sees `$states` and the variables in scope.

    Raises ExpressionError, Undefined or Unsupported.
    """
    bindings = {
        **additions(scope),
        **{name: _inwards(value) for name, value in scope.variables.items()},
        "states": _inwards(states),
    }
    try:
        expression = Jsonata(text)
        _Bounds(expression)
        expression.set_output_convert_nulls(False)
        result = expression.evaluate(None, bindings)
    except _LIBRARY_ERRORS as error:
        raise ExpressionError(_told(error)) from error
    if result is None:
        raise Undefined
    return _outwards(result)


class _Bounds:
    """Counts the steps of one evaluation and how deep they go, and looks at how large things become on the way."""

    def __init__(self, expression: Jsonata):
        self._steps = 0
        self._depth = 0
        expression.environment.set_evaluate_entry_callback(self._enter)
        expression.environment.set_evaluate_exit_callback(self._leave)

    def _enter(self, *_: Any) -> None:
        self._steps += 1
        self._depth += 1
        if self._steps > MOST_STEPS or self._depth > DEEPEST:
            raise RuntimeError("D1011: the expression does not end, or nests too deeply")

    def _leave(self, _expression: Any, _input: Any, _environment: Any, result: Any) -> None:
        self._depth -= 1
        if isinstance(result, str) and len(result) > LONGEST_TEXT:
            raise RuntimeError(f"D1011: a text of the expression has more than {LONGEST_TEXT} characters")
        if isinstance(result, Utils.RangeList) and result.b - result.a > LONGEST_RANGE:
            raise RuntimeError(f"D2014: a range has more than {LONGEST_RANGE} numbers")


def _told(error: Exception) -> str:
    code = getattr(error, "error", None)
    return f"{code}: {error}" if isinstance(code, str) else str(error)


def _inwards(value: Json) -> Any:
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {name: _inwards(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_inwards(item) for item in value]
    return value


def _outwards(value: Any) -> Json:
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {name: _outwards(item) for name, item in value.items()}
    if isinstance(value, Utils.RangeList):
        return list(range(value.a, value.b + 1))
    if isinstance(value, list):
        return [_outwards(item) for item in value]
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise Unsupported


def type_name(value: Json) -> str:
    """What JSONata's $type says."""
    names = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "number")
