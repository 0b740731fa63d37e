"""Checking the fields of every state of a definition, inner states too.

What a field may hold is in `fields` and `rules`; what the states are to each other is in `graph`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.choice_rules import check_choices
from mlsystem.engine.decide.states.documents import Json, is_number
from mlsystem.engine.decide.states.faults import FaultList
from mlsystem.engine.decide.states.fields import EXCLUSIVE, REQUIRED, fields_of
from mlsystem.engine.decide.states.graph import entries
from mlsystem.engine.decide.states.machine import QueryLanguage, StateType
from mlsystem.engine.decide.states.map_checking import check_batcher, check_map, check_processor_config
from mlsystem.engine.decide.states.retrying import check_error_equals, check_retry
from mlsystem.engine.decide.states.rules import Rule, mapping, query_value, result_path, template, text

_BRANCH = frozenset({"Comment", "StartAt", "States"})
_CATCHER = frozenset({"ErrorEquals", "Next", "Assign", "Comment"})
_LONGEST_NAME = 80


def language_of(fields: Mapping[str, Json], default: QueryLanguage, location: str, faults: FaultList) -> QueryLanguage:
    """The query language of a machine or a state; `default` is the machine's, which a JSONPath state cannot undo."""
    named = fields.get("QueryLanguage", default)
    if named not in list(QueryLanguage):
        known = ", ".join(QueryLanguage)
        faults.schema(f"QueryLanguage should have one of these values: [{known}]", f"{location}/QueryLanguage")
        return default
    if default is QueryLanguage.JSONATA and named == QueryLanguage.JSONPATH:
        faults.schema("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", location)
    return QueryLanguage(named)


def check_groups(
    fields: Mapping[str, Json], required: tuple[tuple[str, ...], ...], location: str, faults: FaultList
) -> None:
    """Fields that exclude each other, and those of which one must be there. `"End": false` counts for nothing."""
    there = {name for name in fields if not (name == "End" and fields[name] is False)}
    for group in EXCLUSIVE:
        both = [name for name in group if name in there]
        if len(both) > 1:
            faults.schema(f"Only one of [{', '.join(both)}] may be there", location)
    for group in required:
        if not there.intersection(group):
            which = f"[{group[0]}]" if len(group) == 1 else f"one of [{', '.join(group)}]"
            faults.schema(f"These fields are required: {which}", location)


class Checker:
    """Checks flows and their states; `language` is the machine's."""

    def __init__(self, faults: FaultList, language: QueryLanguage):
        self._faults = faults
        self._language = language

    def check_flow(self, flow: Mapping[str, Json], location: str) -> None:
        missing = [name for name in ("States", "StartAt") if name not in flow]
        if missing:
            self._faults.schema(f"These fields are required: [{', '.join(missing)}]", location)
        text(flow.get("StartAt", ""), f"{location}/StartAt", self._faults)
        states = flow.get("States", {})
        if not isinstance(states, dict) or ("States" in flow and not states):
            self._faults.schema("States must be an object with at least one state", f"{location}/States")
            return
        for name, state in states.items():
            self._check_state(name, state, f"{location}/States/{name}")

    def _check_state(self, name: str, state: Json, location: str) -> None:
        if not 1 <= len(name) <= _LONGEST_NAME:
            self._faults.schema(f"The name of a state must have 1 to {_LONGEST_NAME} characters", location)
        if not isinstance(state, dict):
            self._faults.schema("Expected value of type Object", location)
            return
        if state.get("Type") not in list(StateType):
            known = "Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map"
            self._faults.schema(f"The field 'Type' should have one of these values: [{known}]", f"{location}/Type")
            return
        kind = StateType(state["Type"])
        language = language_of(state, self._language, location, self._faults)
        self._check_fields(state, kind, language, location)
        check_groups(state, REQUIRED[kind], location, self._faults)
        self._check_structures(state, language, location)
        if kind is StateType.TASK:
            _check_task(state, location, self._faults)
        if kind is StateType.MAP:
            check_map(state, location, self._faults)

    def _check_fields(self, state: Mapping[str, Json], kind: StateType, language: QueryLanguage, location: str) -> None:
        known = fields_of(kind, language)
        other = next(one for one in QueryLanguage if one is not language)
        for name, value in state.items():
            if name in known:
                known[name](value, f"{location}/{name}", self._faults)
            elif name in fields_of(kind, other):
                self._faults.schema(
                    f"Field '{name}' is not supported when the QueryLanguage is {language}, only with {other}", location
                )
            else:
                self._faults.schema(f"Field '{name}' is not supported", location)

    def _check_structures(self, state: Mapping[str, Json], language: QueryLanguage, location: str) -> None:
        """Fields that hold rules, states or assignments of their own."""
        if "Choices" in state:
            check_choices(state["Choices"], language, f"{location}/Choices", self._faults)
        if "Retry" in state:
            check_retry(state["Retry"], f"{location}/Retry", self._faults)
            check_error_equals(state["Retry"], f"{location}/Retry", self._faults)
        if "Catch" in state:
            _check_catch(state["Catch"], language, f"{location}/Catch", self._faults)
            check_error_equals(state["Catch"], f"{location}/Catch", self._faults)
        if "Branches" in state:
            self._check_branches(state["Branches"], f"{location}/Branches")
        if "ItemBatcher" in state:
            check_batcher(state["ItemBatcher"], language, f"{location}/ItemBatcher", self._faults)
        for name in ("ItemProcessor", "Iterator"):
            if name in state:
                self._check_inner(state[name], _BRANCH | {"ProcessorConfig"}, f"{location}/{name}")
                check_processor_config(state[name], f"{location}/{name}", self._faults)
        _check_assigns(state, language, location, self._faults)

    def _check_branches(self, branches: Json, location: str) -> None:
        if not isinstance(branches, list) or not branches:
            self._faults.schema("Value cannot be empty", location)
            return
        for place, branch in enumerate(branches):
            self._check_inner(branch, _BRANCH, f"{location}[{place}]")

    def _check_inner(self, flow: Json, allowed: frozenset[str], location: str) -> None:
        mapping(flow, location, self._faults)
        if isinstance(flow, dict):
            for name in sorted(flow.keys() - allowed):
                self._faults.schema(f"Field '{name}' is not supported", location)
            self.check_flow(flow, location)


def _check_catch(catchers: Json, language: QueryLanguage, location: str, faults: FaultList) -> None:
    if not isinstance(catchers, list):
        faults.schema("Expected value of type Array", location)
        return
    own: dict[str, Rule] = {"Output": query_value} if language is QueryLanguage.JSONATA else {"ResultPath": result_path}
    for place, catcher in enumerate(catchers):
        here = f"{location}[{place}]"
        mapping(catcher, here, faults)
        if not isinstance(catcher, dict):
            continue
        if not isinstance(catcher.get("Next"), str):
            faults.schema("These fields are required: [Next]", here)
        for name, value in catcher.items():
            if name in own:
                own[name](value, f"{here}/{name}", faults)
            elif name not in _CATCHER:
                faults.schema(f"Field '{name}' is not supported", here)


def _check_assigns(state: Mapping[str, Json], language: QueryLanguage, location: str, faults: FaultList) -> None:
    inner = [(fields, f"{location}/{place}") for place, fields in entries(state, "Choices") + entries(state, "Catch")]
    for fields, here in [(state, location), *inner]:
        if "Assign" in fields and language is QueryLanguage.JSONATA:
            mapping(fields["Assign"], f"{here}/Assign", faults)
            query_value(fields["Assign"], f"{here}/Assign", faults)
        elif "Assign" in fields:
            template(fields["Assign"], f"{here}/Assign", faults)


def _check_task(state: Mapping[str, Json], location: str, faults: FaultList) -> None:
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if timeout is not None and is_number(timeout) and is_number(heartbeat) and heartbeat >= timeout:
        faults.schema("HeartbeatSeconds must be smaller than TimeoutSeconds", location)
    credentials = state.get("Credentials")
    if isinstance(credentials, dict) and not credentials.keys() & {"RoleArn", "RoleArn.$"}:
        faults.schema("The field 'RoleArn' is required but was missing", f"{location}/Credentials")
