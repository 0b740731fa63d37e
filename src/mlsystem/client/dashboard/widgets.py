"""What a dashboard's body asks for: its widgets, with a query of GetMetricData for each line. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlsystem.client.errors import ClientFailure

DEFAULT_PERIOD, DEFAULT_STATISTIC = 300, "Average"
SAME, ALL_THE_SAME = ".", "..."
SINGLE_VIEWS = ("singleValue", "gauge")


@dataclass(frozen=True)
class Place:
    """In a grid of 24 columns."""

    width: int = 6
    height: int = 6


@dataclass(frozen=True)
class MetricWidget:
    """A graph, or single values. `queries` are those of GetMetricData, without a time; `threshold` is a line across."""

    title: str
    queries: tuple[Mapping[str, Any], ...]
    is_single: bool = False
    place: Place = field(default=Place(), compare=False)
    threshold: float | None = None
    is_stacked: bool = False


@dataclass(frozen=True)
class AlarmWidget:
    """The states of alarms."""

    title: str
    names: tuple[str, ...]
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class TextWidget:
    markdown: str
    place: Place = field(default=Place(), compare=False)


Widget = MetricWidget | AlarmWidget | TextWidget


def widgets(body: str) -> list[Widget]:
    """In the order of the page: from above, then from the left. Raises ClientFailure."""
    try:
        found = json.loads(body)["widgets"]
        ordered = sorted(found, key=lambda one: (one.get("y", 0), one.get("x", 0)))
        return [_widget(one) for one in ordered]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ClientFailure(f"the dashboard's body cannot be read: {error!r}") from error


def _widget(told: Mapping[str, Any]) -> Widget:
    properties = told["properties"]
    title = str(properties.get("title", ""))
    place = Place(int(told.get("width", Place.width)), int(told.get("height", Place.height)))
    if told["type"] == "metric":
        return MetricWidget(
            title,
            tuple(_told_apart(list(_queries(properties)))),
            is_single=properties.get("view") in SINGLE_VIEWS,
            place=place,
            threshold=_threshold(properties),
            is_stacked=bool(properties.get("stacked")),
        )
    if told["type"] == "alarm":
        return AlarmWidget(title, tuple(arn.rpartition(":alarm:")[2] for arn in properties["alarms"]), place)
    if told["type"] == "text":
        return TextWidget(str(properties["markdown"]), place)
    return TextWidget(f"{title or told['type']}: widgets of type {told['type']} are not drawn here".strip(), place)


def _threshold(properties: Mapping[str, Any]) -> float | None:
    """The first horizontal annotation that is one value, and no band of two."""
    lines = properties.get("annotations", {}).get("horizontal", ())
    return next((float(one["value"]) for one in lines if isinstance(one, dict) and "value" in one), None)


def _queries(properties: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    before: list[str] = []
    for number, line in enumerate(properties.get("metrics", ())):
        named = [item for item in line if isinstance(item, str)]
        options: Mapping[str, Any] = next((item for item in line if isinstance(item, dict)), {})
        query: dict[str, Any] = {
            "Id": options.get("id", f"line{number}"),
            "ReturnData": options.get("visible", True),
        }
        if "label" in options:
            query["Label"] = options["label"]
        period = int(options.get("period", properties.get("period", DEFAULT_PERIOD)))
        if "expression" in options:
            yield {**query, "Expression": options["expression"], "Period": period}
            continue
        before = _in_full(named, before)
        namespace, name, *pairs = before
        dimensions = [{"Name": pairs[at], "Value": pairs[at + 1]} for at in range(0, len(pairs), 2)]
        statistic = options.get("stat", properties.get("stat", DEFAULT_STATISTIC))
        metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
        yield {**query, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}


def _told_apart(queries: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """One metric in several statistics: each line is called after its own, which CloudWatch leaves to the reader."""
    names = Counter(query["MetricStat"]["Metric"]["MetricName"] for query in queries if "MetricStat" in query)
    for query in queries:
        stat = query.get("MetricStat")
        if stat and "Label" not in query and names[stat["Metric"]["MetricName"]] > 1:
            yield {**query, "Label": f"{stat['Metric']['MetricName']} {stat['Stat']}"}
        else:
            yield query


def _in_full(named: Sequence[str], before: Sequence[str]) -> list[str]:
    """`.` stands for what the line before has in that place, `...` for all of it but what follows."""
    if ALL_THE_SAME in named:
        at = named.index(ALL_THE_SAME)
        behind = len(named) - at - 1
        return [*named[:at], *before[at : len(before) - behind], *named[at + 1 :]]
    return [before[place] if item == SAME else item for place, item in enumerate(named)]
