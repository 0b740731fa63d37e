"""CloudWatch: metrics as they are put and read, and alarms that act."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.live import LiveEngine, eventually

TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"


@pytest.fixture(scope="session")
def cloudwatch(engine: LiveEngine) -> Any:
    return engine.client("cloudwatch")


@pytest.fixture
def namespace() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def _window() -> dict[str, datetime]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=1)}


def _statistics(cloudwatch: Any, namespace: str, name: str, **more: Any) -> list[dict[str, Any]]:
    answer = cloudwatch.get_metric_statistics(
        **{"Namespace": namespace, "MetricName": name, "Period": 3600, "Statistics": ["Sum"], **_window(), **more}
    )
    return list(answer["Datapoints"])


def test_statistics_are_made_of_all_that_was_put(cloudwatch: Any, namespace: str) -> None:
    at = datetime.now(UTC)
    data = [
        {"MetricName": "m", "Value": 1.0, "Unit": "Count", "Timestamp": at},
        {"MetricName": "m", "Values": [2.0, 3.0], "Counts": [1.0, 2.0], "Unit": "Count", "Timestamp": at},
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    names = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
    (point,) = _statistics(cloudwatch, namespace, "m", Statistics=names, ExtendedStatistics=["p50"])
    assert [point[name] for name in names] == [4.0, 9.0, 2.25, 1.0, 3.0]
    assert point["ExtendedStatistics"] == {"p50": 2.0}
    assert point["Unit"] == "Count"


def test_a_statistic_set_counts_but_has_no_percentile(cloudwatch: Any, namespace: str) -> None:
    statistics = {"SampleCount": 10.0, "Sum": 55.0, "Minimum": 1.0, "Maximum": 10.0}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "StatisticValues": statistics}])
    (point,) = _statistics(cloudwatch, namespace, "m", Statistics=["Average"], ExtendedStatistics=["p99"])
    assert point["Average"] == 5.5
    assert "p99" not in point.get("ExtendedStatistics", {})


@pytest.mark.parametrize(
    ("space", "datum", "code"),
    [
        ("AWS/Lambda", {"Value": 1.0}, "InvalidParameterValue"),
        ("own", {}, "MissingParameter"),
        ("own", {"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ("own", {"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ("own", {"Value": 1.0, "Timestamp": 1_000_000_000}, "InvalidParameterValue"),
    ],
)
def test_data_that_cloudwatch_refuses_are_refused(
    cloudwatch: Any, space: str, datum: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", **datum}])
    assert _code(error) == code


def test_metric_data_are_computed_with_expressions(cloudwatch: Any, namespace: str) -> None:
    data = [{"MetricName": "errors", "Value": 5.0}, {"MetricName": "requests", "Value": 20.0}]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def query(name: str) -> dict[str, Any]:
        metric = {"Namespace": namespace, "MetricName": name}
        return {"Id": name, "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}, "ReturnData": False}

    share = {"Id": "share", "Expression": "100 * errors / requests", "Label": "percent"}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query("errors"), query("requests"), share], ScanBy="TimestampAscending", **_window()
    )
    (result,) = answer["MetricDataResults"]
    assert (result["Label"], result["Values"], result["StatusCode"]) == ("percent", [25.0], "Complete")


def test_metric_data_come_in_pages_of_points(cloudwatch: Any, namespace: str) -> None:
    at = datetime.now(UTC).replace(second=0, microsecond=0)
    points = [(name, number) for name in ("a", "b") for number in range(3)]
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Value": float(number), "Timestamp": at - timedelta(minutes=number)}
            for name, number in points
        ],
    )
    queries = [
        {
            "Id": name,
            "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": name}, "Period": 60, "Stat": "Sum"},
        }
        for name in ("a", "b", "empty")
    ]
    for scan in ("TimestampDescending", "TimestampAscending"):
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, ScanBy=scan, **_window(), PaginationConfig={"PageSize": 2}
        )
        found = [[(one["Id"], one["Values"], one["StatusCode"]) for one in page["MetricDataResults"]] for page in pages]
        first, last = ([0.0, 1.0], [2.0]) if scan == "TimestampDescending" else ([2.0, 1.0], [0.0])
        assert found == [
            [("a", first, "PartialData")],
            [("a", last, "Complete"), ("b", first[:1], "PartialData")],
            [("b", [first[1], *last], "Complete")],
            [("empty", [], "Complete")],
        ]


def test_metrics_are_searched_for(cloudwatch: Any, namespace: str) -> None:
    for endpoint, value in (("blue", 3.0), ("green", 4.0)):
        dimensions = [{"Name": "EndpointName", "Value": endpoint}]
        data = [{"MetricName": "ModelLatency", "Value": value, "Dimensions": dimensions}]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    search = f"SEARCH('{{{namespace},EndpointName}} latency', 'Maximum', 3600)"
    queries = [
        {"Id": "each", "Expression": search},
        {"Id": "all", "Expression": f"SUM({search})", "Label": "together"},
        {"Id": "twice", "Expression": "each * 2", "Period": 3600, "Label": "2 x"},
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **_window())["MetricDataResults"]
    told = [(one["Id"], one["Label"], one["Values"]) for one in answer]
    assert told == [
        ("each", "blue", [3.0]),
        ("each", "green", [4.0]),
        ("all", "together", [7.0]),
        ("twice", "2 x blue", [6.0]),
        ("twice", "2 x green", [8.0]),
    ]
    with pytest.raises(ClientError, match="an alarm cannot be based on SEARCH"):
        cloudwatch.put_metric_alarm(
            AlarmName=namespace,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1,
            Metrics=[{"Id": "all", "Expression": f"SUM({search})", "Period": 60}],
        )


def test_metrics_are_listed_by_dimension_page_by_page(cloudwatch: Any, namespace: str) -> None:
    data = [
        {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "Number", "Value": str(number)}]}
        for number in range(600)
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace))
    assert [len(page["Metrics"]) for page in pages] == [500, 100]
    one = cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "Number", "Value": "7"}])["Metrics"]
    assert [metric["Dimensions"] for metric in one] == [[{"Name": "Number", "Value": "7"}]]


def test_metrics_embedded_in_log_messages_arrive(engine: LiveEngine, cloudwatch: Any, namespace: str) -> None:
    logs = engine.client("logs")
    logs.create_log_group(logGroupName=namespace)
    logs.create_log_stream(logGroupName=namespace, logStreamName="s")
    directive = {
        "Namespace": namespace,
        "Dimensions": [[], ["Function"]],
        "Metrics": [{"Name": "latency", "Unit": "Milliseconds"}],
    }
    now = int(time.time() * 1000)
    document = {
        "_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]},
        "Function": "f",
        "latency": [10, 30],
    }
    message = json.dumps(document)
    logs.put_log_events(logGroupName=namespace, logStreamName="s", logEvents=[{"timestamp": now, "message": message}])
    dimensions = [{"Name": "Function", "Value": "f"}]
    points = eventually(lambda: _statistics(cloudwatch, namespace, "latency", Dimensions=dimensions))
    assert (points[0]["Sum"], points[0]["Unit"]) == (40.0, "Milliseconds")
    assert _statistics(cloudwatch, namespace, "latency")[0]["Sum"] == 40.0


def _alarm(namespace: str, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": f"{namespace}-alarm",
        "Namespace": namespace,
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }


def _state(cloudwatch: Any, namespace: str) -> str:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[f"{namespace}-alarm"])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_an_alarm_begins_without_data_and_keeps_its_state_when_it_is_changed(cloudwatch: Any, namespace: str) -> None:
    cloudwatch.put_metric_alarm(**_alarm(namespace), Tags=[{"Key": "team", "Value": "ml"}])
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix=namespace)["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    cloudwatch.set_alarm_state(AlarmName=f"{namespace}-alarm", StateValue="OK", StateReason="test")
    cloudwatch.put_metric_alarm(**_alarm(namespace, Threshold=3.0))
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[f"{namespace}-alarm"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["Threshold"]) == ("OK", 3.0)
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "ml"}]
    found = cloudwatch.describe_alarms_for_metric(Namespace=namespace, MetricName="m")["MetricAlarms"]
    assert [one["AlarmName"] for one in found] == [f"{namespace}-alarm"]


def test_the_history_tells_changes_of_definition_and_of_state(cloudwatch: Any, namespace: str) -> None:
    cloudwatch.put_metric_alarm(**_alarm(namespace))
    cloudwatch.set_alarm_state(AlarmName=f"{namespace}-alarm", StateValue="ALARM", StateReason="drill")
    cloudwatch.delete_alarms(AlarmNames=[f"{namespace}-alarm"])
    history = cloudwatch.describe_alarm_history(AlarmName=f"{namespace}-alarm", ScanBy="TimestampAscending")
    items = history["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in items] == ["ConfigurationUpdate", "StateUpdate", "ConfigurationUpdate"]
    assert items[1]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(items[1]["HistoryData"])["newState"]["stateReason"] == "drill"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"AlarmActions": ["arn:aws:lambda:us-east-1:000000000000:function:f"]}, "function:f"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "GreaterThanUpperThreshold"),
        ({"Period": 7}, "Period must be"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
    ],
)
def test_an_alarm_that_cannot_be_is_refused_by_name(
    cloudwatch: Any, namespace: str, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        cloudwatch.put_metric_alarm(**_alarm(namespace, **more))


def test_a_band_of_anomalies_is_refused_by_name(cloudwatch: Any) -> None:
    with pytest.raises(ClientError, match="cloudwatch:PutAnomalyDetector is not implemented"):
        cloudwatch.put_anomaly_detector(
            SingleMetricAnomalyDetector={"Namespace": "n", "MetricName": "m", "Stat": "Sum"}
        )


def test_an_unknown_alarm_is_told_by_name(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as error:
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="x")
    assert _code(error) == "ResourceNotFound"


def test_dashboards_are_kept_as_given(cloudwatch: Any, namespace: str) -> None:
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "x"}}]})
    cloudwatch.put_dashboard(DashboardName=namespace, DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName=namespace)["DashboardBody"] == body
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix=namespace)["DashboardEntries"]
    assert entry["Size"] == len(body)
    cloudwatch.delete_dashboards(DashboardNames=[namespace])
    with pytest.raises(ClientError) as error:
        cloudwatch.get_dashboard(DashboardName=namespace)
    assert _code(error) == "ResourceNotFound"


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("n", "{", "must be a valid JSON object"),
        ("n", '{"widgets": [{"type": "alarm", "properties": {"alarms": []}}]}', "there are 1 validation errors"),
        ("a.b", '{"widgets": []}', "contains invalid characters"),
    ],
)
def test_dashboards_that_cloudwatch_refuses_are_refused(cloudwatch: Any, name: str, body: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as error:
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)
    assert _code(error) == "InvalidParameterInput"


def test_an_alarm_follows_its_metric_in_scaled_periods(new_engine: Callable[..., LiveEngine], namespace: str) -> None:
    live = new_engine(time_scale=60)
    live.start()
    cloudwatch = live.client("cloudwatch")
    cloudwatch.put_metric_alarm(**_alarm(namespace, TreatMissingData="notBreaching", AlarmActions=[TOPIC]))
    eventually(lambda: _state(cloudwatch, namespace) == "OK")
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}])
    eventually(lambda: _state(cloudwatch, namespace) == "ALARM")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[f"{namespace}-alarm"])["MetricAlarms"]
    assert "1 out of the last 1 datapoints [1.0" in alarm["StateReason"] or "1 datapoint [1.0" in alarm["StateReason"]
    eventually(lambda: _state(cloudwatch, namespace) == "OK")

    def told() -> list[str]:
        items = cloudwatch.describe_alarm_history(AlarmName=f"{namespace}-alarm", HistoryItemType="Action")
        return [item["HistorySummary"] for item in items["AlarmHistoryItems"]]

    assert any(TOPIC in line for line in eventually(told))


@pytest.mark.parametrize(
    "point",
    ["cloudwatch.alarm.ALARM.before_commit", "cloudwatch.alarm.ALARM.after_commit", "cloudwatch.evaluate.after"],
)
def test_an_alarm_is_evaluated_on_after_a_crash(
    new_engine: Callable[..., LiveEngine], namespace: str, point: str
) -> None:
    live = new_engine(time_scale=60)
    live.start({"MLSYSTEM_KILL_AT": point})
    cloudwatch = live.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}])
    with suppress(ClientError, BotoCoreError):  # the engine may die before it answers
        cloudwatch.put_metric_alarm(**_alarm(namespace, EvaluationPeriods=30, DatapointsToAlarm=1))
    live.await_death()
    live.start()
    cloudwatch = live.client("cloudwatch")
    eventually(lambda: _state(cloudwatch, namespace) == "ALARM")
    items = cloudwatch.describe_alarm_history(AlarmName=f"{namespace}-alarm", HistoryItemType="StateUpdate")
    alarms = [item for item in items["AlarmHistoryItems"] if item["HistorySummary"].endswith("to ALARM")]
    assert len(alarms) == 1
