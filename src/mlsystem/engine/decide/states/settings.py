"""Numbers and texts that a state may take from its input: the definition gives them, a path or an expression.

What the definition gives was checked when it was parsed. The words of failures are AWS's.
"""

from __future__ import annotations

from mlsystem.engine.decide.states.data_flow import DataFlow
from mlsystem.engine.decide.states.documents import Json, compact, is_number, is_whole
from mlsystem.engine.decide.states.faults import QueryFailure, RuntimeFailure, StateFailure
from mlsystem.engine.decide.states.machine import QueryLanguage, State


def whole_number(flow: DataFlow, state: State, name: str, least: int, inside: str | None = None) -> int | None:
    """An integer that is at least so much; None if the field is not there. Raises StateFailure."""
    value = flow.setting(name, inside)
    if value is None and not _is_there(state, name, inside):
        return None
    if not is_whole(value):
        raise _wrong(state, name, value, "integer", inside)
    if value < least:
        text = f"{name} cannot be negative." if least == 0 else f"{name} must be at least {least}."
        raise _refused(state, name, text)
    return int(value)


def percentage(flow: DataFlow, state: State, name: str) -> float | None:
    """A number from 0 to 100; None if the field is not there. Raises StateFailure."""
    value = flow.setting(name)
    if value is None and not _is_there(state, name, None):
        return None
    if not is_number(value):
        raise _wrong(state, name, value, "float", None)
    if not 0 <= value <= 100:
        raise _refused(state, name, f"{name} must be between 0 and 100.")
    return float(value)


def words(flow: DataFlow, state: State, name: str) -> str | None:
    """A string (Error, Cause); None if the field is not there. Raises StateFailure."""
    value = flow.setting(name)
    if value is None and not _is_there(state, name, None):
        return None
    if not isinstance(value, str):
        raise _wrong(state, name, value, "string", None)
    return value


def _is_there(state: State, name: str, inside: str | None) -> bool:
    fields = state.fields[inside] if inside else state.fields
    return name in fields or f"{name}Path" in fields


def _wrong(state: State, name: str, value: Json, kind: str, inside: str | None) -> StateFailure:
    """The value is not of the kind that the field takes."""
    shown = value if isinstance(value, str) else compact(value)
    if state.language is QueryLanguage.JSONATA:
        return QueryFailure(f"The field '{name}' must be {kind}, but was {shown}", name)
    path = (state.fields[inside] if inside else state.fields).get(f"{name}Path")
    return RuntimeFailure(f'The {name}Path field refers to value "{shown}" which is not a valid {kind}: {path}')


def _refused(state: State, name: str, text: str) -> StateFailure:
    return QueryFailure(text, name) if state.language is QueryLanguage.JSONATA else RuntimeFailure(text)
