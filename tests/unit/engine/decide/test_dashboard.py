"""What CloudWatch asks of a dashboard's body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.dashboard import ALLOWED, NO_SOURCE, check_body, check_name
from mlsystem.engine.decide.errors import AwsError


def faults(*widgets: Any, **members: Any) -> list[tuple[str, str]]:
    try:
        check_body(json.dumps({"widgets": list(widgets), **members}))
    except AwsError as error:
        assert error.code == "InvalidParameterInput"
        listed = json.loads(error.message[error.message.index("\n") :])
        assert f"there are {len(listed)} validation errors" in error.message
        return [(fault["dataPath"], fault["message"]) for fault in listed]
    return []


def widget(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "properties": properties}


def test_what_may_be_shown_is_taken() -> None:
    assert not faults(
        widget("metric", metrics=[["N", "A"]], region="us-east-1"),
        widget("metric", annotations={"alarms": ["arn"]}),
        widget("alarm", alarms=["arn"]),
        widget("text", markdown="# words"),
        {**widget("log", query="fields @message"), "x": 23, "y": 9000, "width": 1, "height": 1000},
        start="-PT3H",
        variables=[{"type": "pattern", "pattern": "a", "id": "a", "inputType": "input"}],
    )


def test_a_metric_widget_without_anything_to_show_is_told_as_cloudwatch_tells_it() -> None:
    assert faults(widget("text", markdown=""), widget("metric", region="us-east-1")) == [
        ("/widgets/1/properties", "Should have required property 'metrics'"),
        ("/widgets/1/properties", NO_SOURCE),
        ("/widgets/1/properties", "Should have required property 'annotations'"),
    ]


@pytest.mark.parametrize(
    ("wrong", "path", "message"),
    [
        ("text", "", "Should be object"),
        ({"properties": {}}, "", "Should have required property 'type'"),
        ({"type": "text"}, "", "Should have required property 'properties'"),
        (widget("graph"), "/type", "Should be equal to one of the allowed values"),
        ({"type": "text", "properties": []}, "/properties", "Should be object"),
        (widget("text"), "/properties", "Should have required property 'markdown'"),
        (widget("alarm"), "/properties", "Should have required property 'alarms'"),
        (widget("alarm", alarms=[]), "/properties/alarms", "Should NOT have less than 1 items"),
        (widget("alarm", alarms=["a"] * 101), "/properties/alarms", "Should NOT have more than 100 items"),
        (widget("alarm", alarms="a"), "/properties/alarms", "Should be array"),
        (widget("metric", metrics=[["N", "A"]]), "/properties", NO_SOURCE),
        (widget("metric", metrics={}, region="r"), "/properties/metrics", "Should be array"),
        (widget("metric", metrics=["N"], region="r"), "/properties/metrics/0", "Should be array"),
        ({**widget("text", markdown=""), "width": 25}, "/width", "Should be <= 24"),
        ({**widget("text", markdown=""), "height": 0}, "/height", "Should be >= 1"),
        ({**widget("text", markdown=""), "x": "1"}, "/x", "Should be integer"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(wrong: Any, path: str, message: str) -> None:
    assert faults(wrong) == [(f"/widgets/0{path}", message)]


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("a", ""),
        ({"type": "pattern", "id": "a", "inputType": "input"}, ""),
        ({"type": "name", "id": "a", "inputType": "input"}, "/type"),
        ({"type": "property", "property": "region", "id": "a", "inputType": "box"}, "/inputType"),
    ],
)
def test_variables_are_looked_at_too(variable: Any, path: str) -> None:
    assert [where for where, _ in faults(variables=[variable])] == [f"/variables/0{path}"]
    assert faults(variables={}) == [("/variables", "Should be array")]


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(AwsError, match="must be a valid JSON object"):
        check_body(text)
    with pytest.raises(AwsError, match="required property 'widgets'"):
        check_body("{}")


def test_a_name_has_letters_digits_dash_and_underscore() -> None:
    check_name("mls-flights_2")
    with pytest.raises(AwsError, match=r"The value a\.b for field DashboardName contains invalid characters"):
        check_name("a.b")


@pytest.mark.parametrize("kind", [[], {}, 7, True])
def test_a_type_that_is_no_text_is_none_of_them(kind: Any) -> None:
    assert faults({"type": kind, "properties": {}}) == [("/widgets/0/type", ALLOWED)]
