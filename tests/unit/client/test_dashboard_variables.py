"""The names in a dashboard's body are those that were chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.client.dashboard.variables import with_values
from mlsystem.client.errors import ClientFailure


def variable(id: str, pattern: str, **members: Any) -> dict[str, Any]:
    return {"type": "pattern", "id": id, "pattern": pattern, "inputType": "input", **members}


def filled(widgets: str, *variables: dict[str, Any], **values: str) -> Any:
    return json.loads(with_values(json.dumps({"variables": variables, "widgets": [widgets]}), values))


def test_a_pattern_is_replaced_everywhere_and_can_be_chosen_again() -> None:
    chosen = filled('A "my-name" and my-name-api', variable("name", "my-name", defaultValue="my-name"), name="flights")
    assert chosen["widgets"] == ['A "flights" and flights-api']
    assert chosen["variables"][0]["pattern"] == chosen["variables"][0]["defaultValue"] == "flights"


def test_without_a_value_the_default_counts() -> None:
    assert filled("f my-f", variable("f", "my-f", defaultValue="api"))["widgets"] == ["f api"]
    assert filled("f my-f", variable("f", "my-f"))["widgets"] == ["f my-f"]
    assert filled("f my-f", variable("f", "my-f", defaultValue="__FIRST__"))["widgets"] == ["f my-f"]


def test_patterns_are_regular_expressions() -> None:
    chosen = filled("api-7 api-12", variable("f", r"api-(\d)+", defaultValue="x"))
    assert chosen["widgets"] == ["x x"]


def test_a_value_is_not_replaced_in_turn_and_the_longest_pattern_wins() -> None:
    variables = variable("a", "my", defaultValue="my"), variable("b", "my-model", defaultValue="my-model")
    assert filled("my my-model", *variables, a="my-model", b="my")["widgets"] == ["my-model my"]


def test_a_value_with_quotes_leaves_json() -> None:
    assert filled("my-name", variable("name", "my-name"), name='a "b"')["widgets"] == ['a "b"']


def test_a_body_without_patterns_stays_as_it_is() -> None:
    body = '{"widgets": [],  "variables": [{"type": "property", "property": "region", "id": "r"}]}'
    assert with_values(body, {"r": "x"}) == body


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"variables": [{"type": "pattern"}]}',
        '{"variables": [{"type": "pattern", "id": "a", "pattern": "(", "defaultValue": ""}]}',
    ],
)
def test_variables_that_are_none_are_told(body: str) -> None:
    with pytest.raises(ClientFailure, match="variables cannot be read"):
        with_values(body)
