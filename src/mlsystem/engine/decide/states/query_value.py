"""Fields of JSONata states: any JSON in which strings may be expressions.

https://states-language.net/spec.html#jsonata-evaluation. The words of failures are AWS's.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.documents import Json, compact
from mlsystem.engine.decide.states.faults import QueryFailure
from mlsystem.engine.decide.states.jsonata_expression import (
    ExpressionError,
    Undefined,
    Unsupported,
    evaluate,
    expression_of,
    type_name,
)
from mlsystem.engine.decide.states.scope import Scope


def fill(value: Json, field: str, states: Mapping[str, Json], scope: Scope) -> Json:
    """The value with each expression replaced by its result; `field` names the place for messages. Raises
    QueryFailure."""
    if isinstance(value, dict):
        return {name: fill(item, f"{field}/{name}", states, scope) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, f"{field}[{place}]", states, scope) for place, item in enumerate(value)]
    text = expression_of(value)
    return value if text is None else _result(text, field, states, scope)


def fill_typed(value: Json, field: str, expected: str, states: Mapping[str, Json], scope: Scope) -> Json:
    """Like `fill`, for a field that accepts one JSONata type only ("number", "array"). Raises QueryFailure."""
    result = fill(value, field, states, scope)
    if type_name(result) != expected:
        raise QueryFailure(
            f"{_about(expression_of(value) or compact(value), field)} returned an unexpected result type. "
            f"Expected '{expected}', but was '{type_name(result)}' for value: {compact(result)}",
            field,
        )
    return result


def _result(text: str, field: str, states: Mapping[str, Json], scope: Scope) -> Json:
    about = _about(text, field)
    try:
        return evaluate(text, states, scope)
    except ExpressionError as error:
        raise QueryFailure(f"{about} threw an error during evaluation. {error}", field) from error
    except Undefined as error:
        raise QueryFailure(f"{about} returned nothing (undefined).", field) from error
    except Unsupported as error:
        raise QueryFailure(f"{about} returned an unsupported result type.", field) from error


def _about(text: str, field: str) -> str:
    return f"The JSONata expression '{text}' specified for the field '{field}'"
