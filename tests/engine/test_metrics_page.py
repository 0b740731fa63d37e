"""What Prometheus reads of an engine."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.functions import invoke, make_function
from tests.live import LiveEngine, eventually

PATH = "/_mlsystem/metrics"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
OF_A_WORKLOAD = """
import os, urllib.error, urllib.request
def handler(event, context):
    try:
        with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + event["path"]) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
"""


def page(engine: LiveEngine, accept: str = "") -> tuple[str, str]:
    """Its content type, and its text."""
    request = urllib.request.Request(engine.url + PATH, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.headers["content-type"]), answer.read().decode()


def read_openmetrics(text: str) -> Iterable[Any]:
    read: Any = openmetrics.text_string_to_metric_families  # which has no types
    return list(read(text))


def told(families: Iterable[Any], **labels: str) -> dict[str, float]:
    """The values of what has these labels, by name."""
    samples = [sample for family in families for sample in family.samples]
    return {one.name: one.value for one in samples if labels.items() <= one.labels.items()}


def put(engine: LiveEngine, name: str, dimensions: Mapping[str, str], *values: float, seconds_ago: float = 1.0) -> None:
    described = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    datum = {"MetricName": name, "Dimensions": described, "Values": values, "Timestamp": time.time() - seconds_ago}
    engine.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[datum])


def test_the_last_minute_of_every_metric_is_told_in_both_formats(engine: LiveEngine) -> None:
    who = f'a "b"\\ c\n{uuid.uuid4().hex}'
    put(engine, "OrderSize", {"Who": who}, 1, 2, 9)
    labels = {"dimension_Who": who, "region": "us-east-1", "account_id": "000000000000"}
    found = eventually(lambda: told(read_text(page(engine)[1]), **labels))
    assert found == {
        "aws_shop_order_size_average": 4,
        "aws_shop_order_size_sum": 12,
        "aws_shop_order_size_minimum": 1,
        "aws_shop_order_size_maximum": 9,
        "aws_shop_order_size_sample_count": 3,
        "aws_shop_order_size_p50": pytest.approx(2),
        "aws_shop_order_size_p90": pytest.approx(9, abs=2.2),
        "aws_shop_order_size_p99": pytest.approx(9, abs=0.3),
    }
    content_type, text = page(engine, OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert told(read_openmetrics(text), **labels).keys() == found.keys()
    assert page(engine)[0] == "text/plain; version=0.0.4; charset=utf-8"


def test_what_is_past_is_told_no_more_but_the_last_run_of_a_schedule_is(engine: LiveEngine) -> None:
    who, schedule = uuid.uuid4().hex, uuid.uuid4().hex
    put(engine, "Orders", {"Who": who}, 5, seconds_ago=90)
    for seconds_ago, value in ((20_000, 7), (7_200, 3), (26 * 3600, 9)):
        put(engine, "Drift", {"MonitoringSchedule": schedule}, value, seconds_ago=seconds_ago)
    put(engine, "Drift", {"MonitoringSchedule": f"{schedule}-ended"}, 1, seconds_ago=26 * 3600)
    _, text = page(engine)
    assert told(read_text(text), dimension_Who=who) == {}
    assert told(read_text(text), dimension_MonitoringSchedule=schedule)["aws_shop_drift_maximum"] == 3
    assert told(read_text(text), dimension_MonitoringSchedule=f"{schedule}-ended") == {}


def test_two_metrics_that_prometheus_calls_the_same_are_told_once(engine: LiveEngine) -> None:
    who = uuid.uuid4().hex
    for name in ("in-stock", "in_stock"):
        put(engine, name, {"Who": who}, 1)
    eventually(lambda: told(read_text(page(engine)[1]), dimension_Who=who))
    [family] = [one for one in read_text(page(engine)[1]) if one.name == "aws_shop_in_stock_sum"]
    assert len([one for one in family.samples if one.labels["dimension_Who"] == who]) == 1


def test_the_state_of_an_alarm_is_the_one_that_has_a_1(engine: LiveEngine) -> None:
    cloudwatch, name = engine.client("cloudwatch"), f"alarm-{uuid.uuid4().hex}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Shop",
        MetricName="Nothing",
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    states = {
        sample.labels["state"]: sample.value
        for family in read_text(page(engine)[1])
        for sample in family.samples
        if sample.name == "aws_cloudwatch_alarm_state" and sample.labels["alarm_name"] == name
    }
    assert states == {"OK": 0, "ALARM": 1, "INSUFFICIENT_DATA": 0}
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert name not in page(engine)[1]


def test_it_is_read_only_and_not_for_workloads(engine: LiveEngine) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(engine.url + PATH, json.dumps({}).encode())
    with refused.value as answer:
        assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD")
    make_function(engine, "reads-metrics", OF_A_WORKLOAD)
    assert invoke(engine, "reads-metrics", {"path": "/_mlsystem/health"})[0] == 200
    assert invoke(engine, "reads-metrics", {"path": PATH})[0] == 403
