"""The dashboard for Grafana shows what the one for CloudWatch shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mlsystem.client.dashboard.body import FILE
from mlsystem.engine.decide.alarm import Candidate, read_search
from mlsystem.engine.decide.prometheus import label_name, metric_name
from tests.aws.grafana_dashboard import NOT_NEEDED, TARGET, dashboard, document
from tests.aws.project import ROOT
from tests.aws.test_studio_dashboard import NAMES, SEARCH, body, candidates
from tests.promql import selectors

WRITTEN: dict[str, Any] = json.loads((ROOT / TARGET).read_text())
ORIGINAL: dict[str, Any] = json.loads((ROOT / FILE).read_text())
VARIABLE = re.compile(r"\$\{(\w+)}")


def filled(query: str) -> str:
    """With the names of a system."""
    return VARIABLE.sub(lambda match: NAMES[match[1]], query)


def queries() -> Iterator[str]:
    for panel in WRITTEN["panels"]:
        yield from (filled(target["expr"]) for target in panel["targets"])


def test_it_is_made_of_the_one_for_cloudwatch() -> None:
    assert (ROOT / TARGET).read_text() == document(), "make grafana-dashboard writes it"


def test_every_widget_has_a_panel_in_its_place() -> None:
    for widget, panel in zip(ORIGINAL["widgets"], WRITTEN["panels"], strict=True):
        assert panel["title"] == widget["properties"]["title"]
        assert (panel["gridPos"]["x"], panel["gridPos"]["w"]) == (widget["x"], widget["width"])
        assert len(panel["targets"]) == len(widget["properties"].get("metrics", [None]))


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in WRITTEN["panels"]):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert len(cells) == place["w"] * place["h"] and not cells & taken
        taken |= cells


def test_every_query_finds_the_metrics_that_the_search_finds_and_no_others() -> None:
    lines = [line for widget in body()["widgets"] for [line] in widget["properties"].get("metrics", ())]
    asked = [query for query in queries() if "aws_cloudwatch_alarm_state" not in query]
    for line, query in zip(lines, asked, strict=True):
        match = SEARCH.fullmatch(line["expression"])
        assert match is not None
        search, [selector] = read_search(match["search"]), selectors(query)
        for one in candidates():
            name = metric_name(one.namespace, one.name, match["stat"])
            assert selector.chooses(name, _labels(one)) == search.finds(one), (query, one)
            assert not selector.chooses(f"{name}_other", _labels(one)), query


def _labels(one: Candidate) -> dict[str, str]:
    return {label_name(name): value for name, value in one.dimensions}


def test_the_alarms_are_the_same() -> None:
    [widget] = [widget for widget in body()["widgets"] if widget["type"] == "alarm"]
    [query] = [query for query in queries() if "aws_cloudwatch_alarm_state" in query]
    alarms = {arn.rpartition(":")[2] for arn in widget["properties"]["alarms"]}
    for state, selector in zip(("ALARM", "INSUFFICIENT_DATA"), selectors(query), strict=True):
        for name, is_shown in [*((name, True) for name in alarms), ("other", False)]:
            assert selector.chooses("aws_cloudwatch_alarm_state", {"state": state, "alarm_name": name}) == is_shown
            assert not selector.chooses("aws_cloudwatch_alarm_state", {"state": "OK", "alarm_name": name})


def test_every_variable_is_defined_and_used() -> None:
    defined = {one["name"] for one in WRITTEN["templating"]["list"]}
    assert set(VARIABLE.findall(json.dumps(WRITTEN))) == defined
    assert defined == {one["id"] for one in ORIGINAL["variables"]} - NOT_NEEDED | {"datasource"}


def test_it_has_what_grafana_needs_to_load_it() -> None:
    assert WRITTEN["schemaVersion"] >= 39 and "id" not in WRITTEN
    ids = [panel["id"] for panel in WRITTEN["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in WRITTEN["panels"]:
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "text"},
        {"properties": {"title": "t", "view": "timeSeries", "metrics": [[{"expression": "m1 + m2"}]]}},
    ],
)
def test_what_cannot_be_asked_of_prometheus_is_an_error(change: dict[str, Any]) -> None:
    widget = {**ORIGINAL["widgets"][1], **change}
    with pytest.raises(ValueError, match=r"known here|only searches"):
        dashboard({**ORIGINAL, "widgets": [widget]})
