"""The JSONPath of InputFilter and OutputFilter."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.runtime.batch_client.selection import SelectionError, selection

ROW = ["id", 1, 2, 3]
RECORD = {"id": 7, "features": [1, 2], "more": {"a": 1, "b": 2, "c": 3}}


@pytest.mark.parametrize(
    ("path", "value", "picked"),
    [
        ("$[0]", ROW, "id"),
        ("$[-1]", ROW, 3),
        ("$[1:]", ROW, [1, 2, 3]),
        ("$[:-1]", ROW, ["id", 1, 2]),
        ("$[0,2:]", ROW, ["id", 2, 3]),
        ("$[0, -1]", ROW, ["id", 3]),
        ("$[*]", ROW, ROW),
        ("$[7:]", ROW, []),
        ("$.features", RECORD, [1, 2]),
        ("$['features'][1]", RECORD, 2),
        ('$["id"]', RECORD, 7),
        ("$['id','features']", RECORD, {"id": 7, "features": [1, 2]}),
        ("$.more['a','c']", RECORD, {"a": 1, "c": 3}),
        ("$.more.['a','c']", RECORD, {"a": 1, "c": 3}),
        ("$.more.*", RECORD, [1, 2, 3]),
    ],
)
def test_a_path_picks(path: str, value: Any, picked: Any) -> None:
    pick = selection(path)
    assert pick is not None
    assert pick(value) == picked


def test_the_root_is_everything() -> None:
    assert selection("$") is None


@pytest.mark.parametrize("path", ["", "a", "$a", "$..a", "$[", "$[]", "$[a]", "$[?(@.a)]", "$['a' 'b']", "$['a',1]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(SelectionError, match="JSONPath"):
        selection(path)


@pytest.mark.parametrize(
    ("path", "value"), [("$[4]", ROW), ("$[0,9]", ROW), ("$.a", ROW), ("$.b", RECORD), ("$[0]", RECORD), ("$.a", 5)]
)
def test_a_path_that_leads_to_nothing_is_an_error_of_the_record(path: str, value: Any) -> None:
    pick = selection(path)
    assert pick is not None
    with pytest.raises(SelectionError, match="leads to nothing"):
        pick(value)
