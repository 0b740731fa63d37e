"""The dashboard shows what the system emits, under the very names: a misspelt metric is an empty picture, and no error anywhere."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from mlsystem.engine.dataplane.metrics import request_metrics
from mlsystem.engine.dataplane.requests import Request
from mlsystem.engine.services.codepipeline.execution import Execution
from mlsystem.engine.services.codepipeline.outcome import outcome_metrics
from mlsystem.engine.services.lambda_.metrics import function_metrics
from mlsystem.engine.services.sagemaker import utilization
from mlsystem.monitor import texts
from tests.aws.project import PROJECT, TEMPLATES, read_template

sys.path.insert(0, str(PROJECT / "custom_resource"))
sys.path.insert(0, str(PROJECT / "api"))

from judge import METRIC
from missing_captures import Captures
from sagemaker_query_drift import metric_line

PRD = read_template(TEMPLATES["deploy-model-prd.yml"].read_text())["Resources"]
WRITTEN: str = PRD["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
VALUES = {
    "AWS::Region": "eu-central-1",
    "PipelineName": "mls-demo",
    "Endpoint.EndpointName": "mls-flights-1-prd",
    "InvocationsPerInstance": "750",
    "ApiFunctionName": "mls-demo-api",
}
Named = tuple[str, str, frozenset[tuple[str, str]]]
SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]+)} (?P<token>\w+) Endpoint=\"[^\"]+\"', '\w+', \d+\)")


def substituted(text: str) -> str:
    """Alarms have ARNs that only CloudFormation knows."""
    return re.sub(r"\$\{([^}]+)}", lambda match: VALUES.get(match[1], match[1]), text)


def body(text: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(substituted(text or WRITTEN))
    return found


def shown(document: dict[str, Any]) -> list[Named]:
    """Every metric that is shown by name: namespace, name, dimensions."""
    lines = [line for widget in document["widgets"] for line in widget["properties"].get("metrics", ())]
    texts_of = [[part for part in line if isinstance(part, str)] for line in lines]
    return [(parts[0], parts[1], frozenset(zip(parts[2::2], parts[3::2], strict=True))) for parts in texts_of if parts]


def emitted() -> set[Named]:
    """What the door, functions, instances, the pipeline, Query Drift and the judge tell CloudWatch."""
    endpoint = VALUES["Endpoint.EndpointName"]
    answered: dict[str, Any] = {
        "started_ms": 0,
        "status": 200,
        "details": "via_upstream",
        "upstream_us": 5,
        "total_us": 9,
    }
    requests = [
        Request(
            route=("endpoint", endpoint), target=("endpoint", endpoint, "AllTraffic"), model_status=200, **answered
        ),
        Request(route=("api", "id", "Prod"), target=("function", "f", "1"), model_status=None, **answered),
    ]
    data = request_metrics(requests, {(endpoint, "AllTraffic"): 2}, {"id": "mls-demo-api"})
    called = {"t": 0, "r": "mls-demo-api:live", "k": "ok", "d": 1.0, "c": 1}
    data |= function_metrics(VALUES["ApiFunctionName"], "1", [called])
    found: set[Named] = {("mls-demo", METRIC, frozenset())}
    found |= {
        (namespace, datum["MetricName"], _dimensions(datum)) for namespace, all_ in data.items() for datum in all_
    }
    variant = frozenset({("EndpointName", endpoint), ("VariantName", "AllTraffic")})
    found |= {
        (utilization.ENDPOINTS, name, variant) for name in (utilization.CPU, utilization.MEMORY, utilization.DISK)
    }
    execution = Execution(key="e", parent="mls-demo", definition={}, trigger={}, state="Failed")
    for notice in outcome_metrics(execution, 60.0):
        found |= {(notice.data["namespace"], datum["MetricName"], _dimensions(datum)) for datum in notice.data["data"]}
    drift = json.loads(
        metric_line(
            {"DriftedFeatures": [], "UnknownFeatures": [], "MonitoringSchedule": endpoint, "ProcessingJobName": "job"},
            Captures(100, 100, 40),
            "mls-demo",
            0.0,
        )
    )
    [directive] = drift["_aws"]["CloudWatchMetrics"]
    dimensions = frozenset((name, drift[name]) for name in directive["Dimensions"][0])
    return found | {(directive["Namespace"], metric["Name"], dimensions) for metric in directive["Metrics"]}


def _dimensions(datum: Any) -> frozenset[tuple[str, str]]:
    return frozenset((dimension["Name"], dimension["Value"]) for dimension in datum["Dimensions"])


def test_every_metric_that_is_shown_is_one_that_the_system_emits() -> None:
    found = shown(body())
    assert set(found) - emitted() == set()
    assert {name for _, name, _ in found} >= {
        *("Count", "4XXError", "5XXError", "Latency", "InvocationsPerInstance"),
        *("features_drifted", "features_unknown", "PipelineDuration", "FailedPipelineExecutions", METRIC),
        *("Invocations", "Errors", "Duration", "CPUUtilization", "MemoryUtilization", "DiskUtilization"),
    }


def test_the_search_for_drift_finds_the_metric_of_every_feature() -> None:
    expressions = [
        line[0]["expression"]
        for widget in body()["widgets"]
        for line in widget["properties"].get("metrics", ())
        if isinstance(line[0], dict)
    ]
    [match] = [SEARCH.fullmatch(expression) for expression in expressions]
    assert match is not None
    assert match["schema"].split(",") == [texts.METRIC_NAMESPACE, "Endpoint", "MonitoringSchedule"]
    assert f"{match['token']}_" == texts.METRIC_DRIFT


def test_the_alarms_that_are_shown_are_those_of_the_stack() -> None:
    alarms = {name for name, resource in PRD.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
    [widget] = [widget for widget in body()["widgets"] if widget["type"] == "alarm"]
    assert set(widget["properties"]["alarms"]) == {f"{name}.Arn" for name in alarms}


def test_widgets_stand_on_the_grid_without_lying_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body()["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"5XXError"', '"5xxError"'),
        ('"InvocationsPerInstance", "E', '"InvocationsPerInstances", "E'),
        ('"ApiName"', '"ApiId"'),
    ],
)
def test_a_misspelt_metric_is_caught(right: str, wrong: str) -> None:
    assert right in WRITTEN
    assert set(shown(body(WRITTEN.replace(right, wrong)))) - emitted()
