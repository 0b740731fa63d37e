"""The dashboard that a person pastes, draws or puts: it shows what the system emits, whatever the system is called."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mlsystem.client.dashboard.body import FILE
from mlsystem.client.dashboard.variables import with_values
from mlsystem.engine.decide.alarm import Candidate, read_search
from mlsystem.engine.decide.dashboard import check_body
from mlsystem.monitor import texts
from tests.aws.project import PROJECT
from tests.aws.test_dashboard import PRD, VALUES, emitted
from tests.aws.test_dashboard import body as template_body

WRITTEN = (PROJECT.parent / FILE).read_text()
NAMES = {
    "pipeline": VALUES["PipelineName"],
    "model": "mls-flights",
    "endpoint": VALUES["Endpoint.EndpointName"],
    "region": VALUES["AWS::Region"],
    "account": "210987654321",
    "partition": "arn:aws-cn",
}
SEARCH = re.compile(r"SEARCH\('(?P<search>[^']+)', '(?P<stat>\w+)', (?P<period>\d+)\)")
FUNCTION = ("Invocations", "Errors", "Duration")
ENDPOINT = ("Invocations", "InvocationsPerInstance", "ModelLatency", "OverheadLatency")
ENDPOINT_ERRORS = ("Invocation4XXErrors", "Invocation5XXErrors")
INSTANCE = ("CPUUtilization", "MemoryUtilization", "DiskUtilization")


def body(text: str = WRITTEN) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(with_values(text, NAMES))
    return found


def searches(document: dict[str, Any]) -> list[tuple[str, int]]:
    """Each search with the period of its widget."""
    found = []
    for widget in document["widgets"]:
        properties = widget["properties"]
        for (line,) in properties.get("metrics", ()):
            match = SEARCH.fullmatch(line["expression"])
            assert match is not None and int(match["period"]) == properties["period"], line
            found.append((match["search"], properties["period"]))
    return found


def candidates() -> list[Candidate]:
    """All that the system emits, and that of dev and of another system, which are not to be found."""
    endpoint = NAMES["endpoint"]
    own = [Candidate(space, name, tuple(sorted(dimensions))) for space, name, dimensions in emitted()]
    own.append(
        Candidate(
            texts.METRIC_NAMESPACE,
            f"{texts.METRIC_DRIFT}distance",
            (("Endpoint", endpoint), ("MonitoringSchedule", endpoint)),
        )
    )
    others = [_called(one, old, new) for one in own for old, new in (("-prd", "-dev"), ("mls-", "other-"))]
    return own + [one for one in others if one not in own]


def _called(one: Candidate, old: str, new: str) -> Candidate:
    renamed = tuple((name, value.replace(old, new)) for name, value in one.dimensions)
    return Candidate(one.namespace.replace(old, new), one.name, renamed)


def found() -> dict[str, set[Candidate]]:
    return {text: {one for one in candidates() if read_search(text).finds(one)} for text, _ in searches(body())}


def test_cloudwatch_takes_it_as_it_stands_and_with_names() -> None:
    check_body(WRITTEN)
    check_body(json.dumps(body()))


def test_every_search_finds_what_production_emits_and_nothing_else() -> None:
    for text, metrics in found().items():
        assert metrics, text
        assert len({(one.namespace, one.name) for one in metrics}) == 1, text
        values = {value for one in metrics for _, value in one.dimensions} - {"AllTraffic"}
        assert values in ({NAMES["endpoint"]}, {VALUES["ApiFunctionName"]}), text


def test_all_that_is_promised_is_shown() -> None:
    shown = {(one.namespace, one.name) for metrics in found().values() for one in metrics}
    assert shown == {
        *(("AWS/Lambda", name) for name in FUNCTION),
        *(("AWS/SageMaker", name) for name in (*ENDPOINT, *ENDPOINT_ERRORS)),
        *(("/aws/sagemaker/Endpoints", name) for name in INSTANCE),
        (texts.METRIC_NAMESPACE, f"{texts.METRIC_DRIFT}distance"),
        *((NAMES["pipeline"], name) for name in ("features_drifted", "features_unknown")),
    }


def test_the_alarms_are_those_of_production() -> None:
    [widget] = [widget for widget in body()["widgets"] if widget["type"] == "alarm"]
    begin = f"arn:aws-cn:cloudwatch:{NAMES['region']}:{NAMES['account']}:alarm:"
    of_template = [one["Properties"] for one in PRD.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    named = {
        re.sub(r"\$\{([^}]+)}", lambda match: VALUES[match[1]], alarm["AlarmName"]["Fn::Sub"]) for alarm in of_template
    }
    assert set(widget["properties"]["alarms"]) == {begin + name for name in named}


def test_every_name_is_a_variables() -> None:
    """Account, region, partition and all names are found where a variable replaces them, and nowhere else."""
    assert {variable["id"] for variable in json.loads(WRITTEN)["variables"]} == set(NAMES)
    replaced = json.dumps(body())
    assert re.findall(r"\b\d{12}\b", replaced.replace(NAMES["account"], "")) == []
    assert re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", replaced.replace(NAMES["region"], "")) == []
    assert "my-" not in replaced and "arn:aws:" not in replaced


def test_widgets_stand_on_the_grid_without_lying_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body()["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        columns = range(widget["x"], widget["x"] + widget["width"])
        cells = {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("ModelLatency", "Modellatency"), ("VariantName}", "Variant}"), ("/aws/sagemaker/End", "aws/sagemaker/End")],
)
def test_a_misspelt_search_is_caught(right: str, wrong: str) -> None:
    assert right in WRITTEN
    misspelt = [text for text, _ in searches(body(WRITTEN.replace(right, wrong)))]
    assert [text for text in misspelt if not any(read_search(text).finds(one) for one in candidates())]


def test_the_dashboard_of_the_stack_is_one_that_cloudwatch_takes() -> None:
    check_body(json.dumps(template_body()))
