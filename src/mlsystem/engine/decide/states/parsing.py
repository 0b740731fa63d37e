"""Reading a definition: all that is wrong with it is found, then a StateMachine is built from it.

https://states-language.net/spec.html. The words and locations of faults follow those of CreateStateMachine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlsystem.engine.decide.states.checking import Checker, language_of
from mlsystem.engine.decide.states.documents import Json, read
from mlsystem.engine.decide.states.faults import Fault, FaultList, InvalidDefinition
from mlsystem.engine.decide.states.graph import check_graph
from mlsystem.engine.decide.states.machine import (
    Catcher,
    Flow,
    QueryLanguage,
    Retrier,
    State,
    StateMachine,
    StateType,
)
from mlsystem.engine.decide.states.rules import MOST_SECONDS, text, whole

_TOP = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})


def parse(definition: str | Mapping[str, Json]) -> StateMachine:
    """Raises InvalidDefinition with every fault that was found."""
    faults = FaultList()
    fields = _load(definition, faults) if isinstance(definition, str) else dict(definition)
    if not isinstance(fields, dict):
        faults.schema("Definition must be a valid JSON object", "")
        raise InvalidDefinition(faults.faults)
    language = _check_top(fields, faults)
    Checker(faults, language).check_flow(fields, "")
    check_graph(fields, faults)
    if faults.faults:
        raise InvalidDefinition(faults.faults)
    return StateMachine(_flow(fields, language), fields.get("TimeoutSeconds"))


def _load(definition: str, faults: FaultList) -> Json:
    def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            for name in sorted({name for name in names if names.count(name) > 1}):
                faults.schema(f"Field '{name}' is there more than once", "")
        return found

    try:
        found = json.loads(definition, object_pairs_hook=once)
        read(definition)
        return found
    except ValueError as error:
        raise InvalidDefinition([Fault("INVALID_JSON_DESCRIPTION", str(error), "")]) from error


def _check_top(definition: Mapping[str, Json], faults: FaultList) -> QueryLanguage:
    for name in sorted(definition.keys() - _TOP):
        faults.schema(f"Field '{name}' is not supported", "")
    text(definition.get("Comment", ""), "/Comment", faults)
    if definition.get("Version", "1.0") != "1.0":
        faults.schema("Version must be '1.0'", "/Version")
    if "TimeoutSeconds" in definition:
        whole(1, MOST_SECONDS)(definition["TimeoutSeconds"], "/TimeoutSeconds", faults)
    return language_of(definition, QueryLanguage.JSONPATH, "", faults)


def _flow(flow: Mapping[str, Json], language: QueryLanguage) -> Flow:
    """`language` is the machine's: that of a Map or Parallel state does not pass to its inner states."""
    return Flow(flow["StartAt"], {name: _state(name, fields, language) for name, fields in flow["States"].items()})


def _state(name: str, fields: Mapping[str, Json], language: QueryLanguage) -> State:
    inner = fields.get("Branches") or [fields[key] for key in ("ItemProcessor", "Iterator") if key in fields]
    return State(
        name=name,
        type=StateType(fields["Type"]),
        language=QueryLanguage(fields.get("QueryLanguage", language)),
        fields=fields,
        retry=tuple(map(_retrier, fields.get("Retry", []))),
        catch=tuple(Catcher(tuple(one["ErrorEquals"]), one["Next"], one) for one in fields.get("Catch", [])),
        flows=tuple(_flow(one, language) for one in inner),
    )


def _retrier(fields: Mapping[str, Json]) -> Retrier:
    return Retrier(
        error_equals=tuple(fields["ErrorEquals"]),
        interval_seconds=fields.get("IntervalSeconds", 1),
        max_attempts=fields.get("MaxAttempts", 3),
        backoff_rate=fields.get("BackoffRate", 2.0),
        max_delay_seconds=fields.get("MaxDelaySeconds"),
        has_full_jitter=fields.get("JitterStrategy", "NONE") == "FULL",
    )
