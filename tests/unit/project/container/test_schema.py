from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

schema: Any = importlib.import_module("schema")
encoding: Any = importlib.import_module("encoding")

NUMBERS = (
    st.floats(allow_nan=False).map(repr)
    | st.integers().map(str)
    | st.sampled_from(["-0", "1.", ".5", "007", "1e400", "1e-400", " 3 ", "+4"])
)
FLIGHTS = schema.Schema(
    task="binary",
    target="late",
    classes=("0", "1"),
    features=(schema.Feature("carrier", ("AA", "UA")), schema.Feature("delay")),
    missing_values=("", "NA"),
)


def test_a_schema_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    FLIGHTS.save(tmp_path / "schema.json")
    assert schema.Schema.load(tmp_path / "schema.json") == FLIGHTS


@pytest.mark.parametrize(
    ("change", "named"),
    [({"format": 2}, "format 2"), ({"task": "ranking"}, "ranking"), ({"features": None}, "not a schema")],
)
def test_a_schema_that_is_none_is_refused_with_its_path(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    path = tmp_path / "schema.json"
    FLIGHTS.save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(schema.SchemaError, match=named) as caught:
        schema.Schema.load(path)
    assert str(path) in str(caught.value)


def test_a_missing_schema_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(schema.SchemaError, match=r"schema\.json: there is no such file"):
        schema.Schema.load(tmp_path / "schema.json")


def test_categories_become_their_place_and_numbers_stay() -> None:
    rows = [["AA", "2"], ["UA", "-1.5e2"], [" UA ", " 7 "]]
    assert encoding.RowEncoder(FLIGHTS).encode(rows).tolist() == [[0, 2], [1, -150], [1, 7]]


def test_missing_values_and_unknown_categories_are_nan() -> None:
    encoded = encoding.RowEncoder(FLIGHTS).encode([["ZZ", "NA"], ["", ""], ["NA", "nan"]])
    assert np.isnan(encoded).all()


def test_a_number_may_be_the_word_for_a_missing_value() -> None:
    numbers = schema.Schema(
        "regression", "late", (), (schema.Feature("delay"), schema.Feature("speed")), ("-999", "inf")
    )
    encoded = encoding.RowEncoder(numbers).encode([["-999", "1"], ["2", " inf "], ["-999.0", "-998"]])
    assert np.array_equal(encoded, np.array([[np.nan, 1], [2, np.nan], [-999, -998]]), equal_nan=True)


@pytest.mark.parametrize("cell", ["abc", "1,5", "inf", "-Infinity", "1e400", "true"])
def test_a_cell_that_is_no_number_is_named_by_row_and_column(cell: str) -> None:
    with pytest.raises(encoding.CellError, match=r"row 2, column 'delay': .* is not a number"):
        encoding.RowEncoder(FLIGHTS).encode([["AA", "1"], ["AA", cell]])


@given(cells=st.lists(NUMBERS | st.text(max_size=3), min_size=2, max_size=4), columns=st.sampled_from([1, 2]))
@example(cells=["1,5", ""], columns=1)
@example(cells=["1", "true", "null", "[2]"], columns=2)
@example(cells=["1", "9" * 400], columns=1)
@example(cells=["1], [2", " -0 "], columns=2)
def test_many_rows_are_read_as_each_cell_by_itself(cells: list[str], columns: int) -> None:
    features = tuple(schema.Feature(name) for name in "ab"[:columns])
    encoder = encoding.RowEncoder(schema.Schema("regression", "late", (), features, ("NA", "")))
    rows = [cells[start : start + columns] for start in range(0, len(cells) - columns + 1, columns)]
    try:
        expected = [
            [math.nan if cell.strip() in ("NA", "") else encoding.read_number(cell) for cell in row] for row in rows
        ]
    except ValueError:
        with pytest.raises(encoding.CellError):
            encoder.encode(rows)
    else:
        assert np.array_equal(encoder.encode(rows), np.array(expected), equal_nan=True)
