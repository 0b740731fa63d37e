"""What a dashboard asks for, read from its body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.client.dashboard.widgets import AlarmWidget, MetricWidget, TextWidget, widgets
from mlsystem.client.errors import ClientFailure


def metric(*metrics: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {"title": "t", "metrics": list(metrics), **properties}}


def read(*told: dict[str, Any]) -> list[Any]:
    return widgets(json.dumps({"widgets": list(told)}))


def stats(widget: Any) -> list[tuple[str, str, dict[str, str], int, str]]:
    return [
        (
            query["MetricStat"]["Metric"]["Namespace"],
            query["MetricStat"]["Metric"]["MetricName"],
            {one["Name"]: one["Value"] for one in query["MetricStat"]["Metric"]["Dimensions"]},
            query["MetricStat"]["Period"],
            query["MetricStat"]["Stat"],
        )
        for query in widget.queries
    ]


def test_a_line_is_a_query_with_the_widgets_period_and_statistic_or_its_own() -> None:
    [widget] = read(
        metric(["N", "A", "D", "1"], ["N", "B", {"stat": "p99", "period": 60}], ["N", "C"], stat="Sum", period=3600)
    )
    assert isinstance(widget, MetricWidget)
    assert stats(widget) == [
        ("N", "A", {"D": "1"}, 3600, "Sum"),
        ("N", "B", {}, 60, "p99"),
        ("N", "C", {}, 3600, "Sum"),
    ]
    assert stats(read(metric(["N", "A"]))[0]) == [("N", "A", {}, 300, "Average")]


def test_statistics_of_one_metric_are_told_apart() -> None:
    [widget] = read(metric(["N", "A", {"stat": "p50"}], ["N", "A", {"stat": "p99"}], ["N", "B", {"label": "own"}]))
    assert [query.get("Label") for query in widget.queries] == ["A p50", "A p99", "own"]


def test_dots_stand_for_what_the_line_before_has() -> None:
    [widget] = read(metric(["N", "A", "D", "1", "E", "2"], [".", "B", ".", ".", ".", "3"], ["...", "4"]))
    assert [(name, dimensions) for _, name, dimensions, _, _ in stats(widget)] == [
        ("A", {"D": "1", "E": "2"}),
        ("B", {"D": "1", "E": "3"}),
        ("B", {"D": "1", "E": "4"}),
    ]


def test_expressions_labels_ids_and_what_is_hidden() -> None:
    [widget] = read(metric([{"expression": "m1 / 2", "label": "half"}], ["N", "A", {"id": "m1", "visible": False}]))
    half, hidden = widget.queries
    assert half == {"Id": "line0", "ReturnData": True, "Label": "half", "Expression": "m1 / 2", "Period": 300}
    assert (hidden["Id"], hidden["ReturnData"]) == ("m1", False)


def test_single_values_are_no_graph() -> None:
    views = ("singleValue", "gauge", "timeSeries")
    assert [read(metric(["N", "A"], view=view))[0].is_single for view in views] == [True, True, False]
    assert not read(metric(["N", "A"]))[0].is_single


def test_widgets_come_in_the_order_of_the_page() -> None:
    alarms = ["arn:aws:cloudwatch:us-east-1:1:alarm:a:b"]
    found = read(
        {"type": "alarm", "y": 9, "properties": {"title": "Alarms", "alarms": alarms}},
        {"type": "text", "x": 3, "properties": {"markdown": "# words"}},
        {**metric(["N", "A"]), "x": 0},
        {"type": "log", "y": 12, "properties": {"title": "Logs"}},
    )
    assert [type(one) for one in found] == [MetricWidget, TextWidget, AlarmWidget, TextWidget]
    assert found[2] == AlarmWidget("Alarms", ("a:b",))
    assert "widgets of type log are not drawn here" in found[3].markdown


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"widgets": [{"type": "metric"}]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": [["N"]]}}]}',
    ],
)
def test_a_body_that_is_none_is_told(body: str) -> None:
    with pytest.raises(ClientFailure, match="cannot be read"):
        widgets(body)
