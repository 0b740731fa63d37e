"""docs/coverage-states-language.md says what is true: each row's test exists, and no part of the language is
missing."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from mlsystem.engine.decide.states import faults
from mlsystem.engine.decide.states.chance import Chance
from mlsystem.engine.decide.states.comparison import IS_PRESENT, OPERATORS
from mlsystem.engine.decide.states.fields import fields_of
from mlsystem.engine.decide.states.intrinsics import FUNCTIONS
from mlsystem.engine.decide.states.jsonata_additions import additions
from mlsystem.engine.decide.states.machine import QueryLanguage, StateType
from mlsystem.engine.decide.states.scope import Scope

HERE = Path(__file__).parent
PAGE = HERE.parents[4] / "docs/coverage-states-language.md"


def tables() -> dict[str, list[list[str]]]:
    """The rows of each section's table, without its head."""
    found: dict[str, list[list[str]]] = {}
    section = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if line.startswith("| ") and not line.startswith("| --- "):
            found.setdefault(section, []).append([cell.strip() for cell in line.strip("|").split("|")])
    return {name: rows[1:] for name, rows in found.items()}


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((HERE / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


TABLES = tables()
ROWS = [(section, row) for section, rows in TABLES.items() for row in rows]


def names(section: str, column: int = 0) -> list[str]:
    return [row[column] for row in TABLES[section]]


@pytest.mark.parametrize(("section", "row"), ROWS, ids=[f"{section}: {' '.join(row[:2])}" for section, row in ROWS])
def test_the_test_of_each_row_exists(section: str, row: list[str]) -> None:
    named = re.fullmatch(r"`(test_\w+\.py)::(test_\w+)`", row[-1])
    assert named is not None, row
    assert named.group(2) in functions(named.group(1))


def test_every_state_type_is_listed() -> None:
    assert sorted(names("State types")) == sorted(StateType)


def test_every_field_is_listed_with_the_states_that_may_have_it() -> None:
    listed = {row[0]: (row[1], row[2]) for row in TABLES["Fields of states"]}
    known = {name for kind in StateType for language in QueryLanguage for name in fields_of(kind, language)}
    assert set(listed) == known
    for name, columns in listed.items():
        for language, cell in zip(QueryLanguage, columns, strict=True):
            kinds = {kind for kind in StateType if name in fields_of(kind, language)}
            said = set(StateType) if cell == "all" else set(cell.replace("—", "").split(", ")) - {""}
            assert said == kinds, (name, language)


def test_every_comparison_operator_is_listed() -> None:
    paths = [f"{name}Path" for name, operator in OPERATORS.items() if operator.has_path]
    assert sorted(names("Comparison operators of JSONPath rules")) == sorted([*OPERATORS, *paths, IS_PRESENT])


def test_every_function_is_listed() -> None:
    assert sorted(names("Intrinsic functions")) == sorted(FUNCTIONS)
    scope = Scope({}, {}, Chance("", 0), 0.0)
    assert sorted(names("JSONata")) == sorted(f"${name}" for name in additions(scope))


def test_every_error_name_is_listed() -> None:
    used = {value for value in vars(faults).values() if isinstance(value, str) and value.startswith("States.")}
    reserved = {
        "States.IntrinsicFailure",
        "States.NoChoiceMatched",
        "States.ParameterPathFailure",
        "States.Permissions",
    }
    distributed = {"States.ItemReaderFailed", "States.ResultWriterFailed"}
    assert set(names("Error names")) == used | reserved | distributed
