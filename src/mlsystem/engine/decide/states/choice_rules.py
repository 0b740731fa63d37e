"""Checking the rules of a Choice state.

https://states-language.net/spec.html#choice-state
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.comparison import (
    IS_PRESENT,
    OPERATORS,
    has_open_escape,
    is_path_operator,
    operator_of,
)
from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.faults import FaultList
from mlsystem.engine.decide.states.machine import QueryLanguage
from mlsystem.engine.decide.states.rules import Rule, flag, number, path, query_or, query_value, text, timestamp

_BOOLEAN = ("And", "Or", "Not")
_TOP: frozenset[str] = frozenset({"Next", "Assign", "Comment"})
_EXPECTED: Mapping[str, Rule] = {
    "string": text,
    "number": number(float("-inf")),
    "boolean": flag,
    "timestamp": timestamp,
}


def check_choices(choices: Json, language: QueryLanguage, location: str, faults: FaultList) -> None:
    """`choices` is the value of the field Choices."""
    if not isinstance(choices, list) or not choices:
        faults.schema("Choices must be a non-empty array of Choice Rules", location)
        return
    for place, rule in enumerate(choices):
        here = f"{location}[{place}]"
        if not isinstance(rule, dict):
            faults.schema("A Choice Rule must be an object", here)
            continue
        if not isinstance(rule.get("Next"), str):
            faults.schema("These fields are required: [Next]", here)
        text(rule.get("Comment", ""), f"{here}/Comment", faults)
        if language is QueryLanguage.JSONATA:
            _check_condition(rule, here, faults)
        else:
            _check_rule({name: value for name, value in rule.items() if name not in _TOP}, here, faults)


def _check_condition(rule: Mapping[str, Json], location: str, faults: FaultList) -> None:
    for name in rule.keys() - _TOP - {"Condition", "Output"}:
        faults.schema(f"Field '{name}' is not supported in a Choice Rule whose QueryLanguage is JSONata", location)
    if "Condition" not in rule:
        faults.schema("These fields are required: [Condition]", location)
    else:
        query_or(flag)(rule["Condition"], f"{location}/Condition", faults)
    query_value(rule.get("Output"), f"{location}/Output", faults)


def _check_rule(rule: Json, location: str, faults: FaultList) -> None:
    """A Boolean expression or a data-test expression, without Next and the like."""
    if not isinstance(rule, dict):
        faults.schema("A Choice Rule must be an object", location)
        return
    boolean = [name for name in _BOOLEAN if name in rule]
    if not boolean:
        _check_test(rule, location, faults)
        return
    for name in rule.keys() - {boolean[0], "Comment"}:
        faults.schema(f"Field '{name}' is not supported beside '{boolean[0]}'", location)
    if boolean[0] == "Not":
        _check_rule(rule["Not"], f"{location}/Not", faults)
        return
    inner = rule[boolean[0]]
    if not isinstance(inner, list) or not inner:
        faults.schema(f"{boolean[0]} must be a non-empty array of Choice Rules", f"{location}/{boolean[0]}")
        return
    for place, item in enumerate(inner):
        _check_rule(item, f"{location}/{boolean[0]}[{place}]", faults)


def _check_test(rule: Mapping[str, Json], location: str, faults: FaultList) -> None:
    if "Variable" not in rule:
        faults.schema("These fields are required: [Variable]", location)
    else:
        path(rule["Variable"], f"{location}/Variable", faults)
    operators = operator_of(rule)
    if len(operators) != 1:
        faults.schema(f"A Choice Rule must have exactly one comparison operator, not {len(operators)}", location)
    for name in rule.keys() - {"Variable", "Comment", *operators}:
        faults.schema(f"Field '{name}' is not supported", location)
    for name in operators:
        _operand_rule(name)(rule[name], f"{location}/{name}", faults)


def _operand_rule(name: str) -> Rule:
    if is_path_operator(name):
        return path
    if name == "StringMatches":
        return _pattern
    return flag if name == IS_PRESENT else _EXPECTED[OPERATORS[name].expects]


def _pattern(value: Json, location: str, faults: FaultList) -> None:
    text(value, location, faults)
    if isinstance(value, str) and has_open_escape(value):
        faults.schema("A backslash must stand before '*' or another backslash", location)
