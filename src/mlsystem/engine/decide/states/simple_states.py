"""Pass, Choice, Wait, Succeed and Fail states: those that have no work done and run no flows.

https://states-language.net/spec.html#state-types
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.comparison import IS_PRESENT, OPERATORS, is_path_operator, operator_of
from mlsystem.engine.decide.states.data_flow import DataFlow
from mlsystem.engine.decide.states.documents import Json, compact, is_whole
from mlsystem.engine.decide.states.execution import Timer
from mlsystem.engine.decide.states.faults import QueryFailure, RuntimeFailure, StateFailure
from mlsystem.engine.decide.states.machine import QueryLanguage, State
from mlsystem.engine.decide.states.path_syntax import Path
from mlsystem.engine.decide.states.paths import PathNotFound, check_path, read
from mlsystem.engine.decide.states.payload_template import root_of
from mlsystem.engine.decide.states.query_value import fill_typed
from mlsystem.engine.decide.states.run import Run
from mlsystem.engine.decide.states.scope import Scope
from mlsystem.engine.decide.states.settings import words
from mlsystem.engine.decide.states.timestamps import parse_timestamp
from mlsystem.engine.decide.states.transitions import leave

# Measured on AWS: a Wait may not reach further than this many seconds ahead.
LONGEST_WAIT_SECONDS = 2**31 - 1


def work_pass(run: Run, key: str, state: State) -> None:
    flow = run.data_flow(key)
    if state.language is QueryLanguage.JSONATA:
        leave(run, key, flow.passed(state.fields), flow.assigned(state.fields, None, has_result=False))
        return
    result = state.fields["Result"] if "Result" in state.fields else flow.arguments()
    leave(run, key, flow.output(result), flow.assigned(state.fields, result))


def work_succeed(run: Run, key: str, state: State) -> None:
    leave(run, key, run.data_flow(key).passed(state.fields), {})


def work_fail(run: Run, key: str, state: State) -> None:
    """A Fail state is never left; its error is the strand's."""
    flow = run.data_flow(key)
    raise StateFailure(words(flow, state, "Error"), words(flow, state, "Cause"))


# ---------------------------------------------------------------------- Wait
def work_wait(run: Run, key: str, state: State) -> None:
    flow = run.data_flow(key)
    if "Seconds" in state.fields or "SecondsPath" in state.fields:
        seconds = _wait_seconds(flow, state)
        if seconds == 0:
            after_wait(run, key, state)
            return
        run.set_timer(Timer(purpose="wait", strand=key, after_seconds=seconds))
        return
    at = _wait_until(flow, state)
    if at - run.at > LONGEST_WAIT_SECONDS:
        raise RuntimeFailure("Wait state delay is too long.")
    run.set_timer(Timer(purpose="wait", strand=key, at=at))


def after_wait(run: Run, key: str, state: State) -> None:
    """The time has passed."""
    flow = run.data_flow(key)
    leave(run, key, flow.passed(state.fields), flow.assigned(state.fields, None, has_result=False))


def _wait_seconds(flow: DataFlow, state: State) -> int:
    path = state.fields.get("SecondsPath")
    value = _referred(flow, state, "Seconds")
    if is_whole(value) and 0 <= value <= LONGEST_WAIT_SECONDS:
        return int(value)
    if path is None:
        raise QueryFailure(f"The field 'Seconds' must be a non-negative integer, but was {compact(value)}", "Seconds")
    if not is_whole(value):
        raise RuntimeFailure(f"The SecondsPath parameter cannot be parsed as a long value: {path} == {compact(value)}")
    if value < 0:
        raise RuntimeFailure(f"The SecondsPath parameter references a negative value: {path} == {compact(value)}")
    raise RuntimeFailure("Wait state delay is too long.")


def _wait_until(flow: DataFlow, state: State) -> float:
    path = state.fields.get("TimestampPath")
    value = _referred(flow, state, "Timestamp")
    at = parse_timestamp(value)
    if at is not None:
        return at
    shown = value if isinstance(value, str) else compact(value)
    form = "ISO-8601 extended offset date-time format string"
    if path is None:
        raise QueryFailure(f"The Timestamp field cannot be parsed as an {form}: {shown}", "Timestamp")
    raise RuntimeFailure(f"The TimestampPath parameter does not reference a valid {form}: {path} == {shown}")


def _referred(flow: DataFlow, state: State, name: str) -> Json:
    path = state.fields.get(f"{name}Path")
    try:
        return flow.setting(name)
    except RuntimeFailure as error:
        if path is None:
            raise
        raise RuntimeFailure(f"The {name}Path parameter does not reference an input value: {path}") from error


# ---------------------------------------------------------------------- Choice
def work_choice(run: Run, key: str, state: State) -> None:
    flow, scope = run.data_flow(key), run.scope(key)
    rule = _first_match(state, flow, run.visit_of(key).input, scope)
    # The rule's own Assign and Output, not the state's, count if a rule matches.
    fields = state.fields if rule is None else rule
    target = state.fields.get("Default") if rule is None else rule["Next"]
    if target is None:
        raise RuntimeFailure("Failed to transition out of the state. The state does not point to a next state.")
    output = flow.passed(fields)
    leave(run, key, output, flow.assigned(fields, None, has_result=False), target)


def _first_match(state: State, flow: DataFlow, input: Json, scope: Scope) -> Mapping[str, Json] | None:
    if state.language is QueryLanguage.JSONPATH:
        document = flow.selected()
        return next((rule for rule in state.fields["Choices"] if _holds(rule, document, scope)), None)
    states = {"input": input, "context": scope.context}
    for place, rule in enumerate(state.fields["Choices"]):
        if fill_typed(rule["Condition"], f"Choices[{place}]/Condition", "boolean", states, scope):
            return dict(rule)
    return None


def _holds(rule: Mapping[str, Json], document: Json, scope: Scope) -> bool:
    """Whether a JSONPath rule matches; And and Or look no further than they must."""
    if "And" in rule:
        return all(_holds(one, document, scope) for one in rule["And"])
    if "Or" in rule:
        return any(_holds(one, document, scope) for one in rule["Or"])
    if "Not" in rule:
        return not _holds(rule["Not"], document, scope)
    name = operator_of(rule)[0]
    variable = check_path(rule["Variable"])
    if name == IS_PRESENT:
        return _is_present(variable, document, scope) is rule[name]
    value = _compared(variable, document, scope)
    if is_path_operator(name):
        wanted = _compared(check_path(rule[name]), document, scope)
        return OPERATORS[name.removesuffix("Path")].matches(value, wanted)
    return OPERATORS[name].matches(value, rule[name])


def _is_present(path: Path, document: Json, scope: Scope) -> bool:
    try:
        found = read(path, root_of(path, document, scope))
    except (PathNotFound, RuntimeFailure):
        return False
    return path.query is None or bool(found)


def _compared(path: Path, document: Json, scope: Scope) -> Json:
    try:
        return read(path, root_of(path, document, scope))
    except PathNotFound as error:
        raise RuntimeFailure(
            f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        ) from error
