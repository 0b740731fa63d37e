"""Metric filters of log groups, and the tags and retention of groups."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.decide.log_filter import parse_filter
from tests.live import LiveEngine, eventually
from tests.stacks import StackUser


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


class Group:
    """A log group of a test's own, whose name is also its metrics' namespace."""

    def __init__(self, engine: LiveEngine, name: str = ""):
        self.engine = engine
        self.logs = engine.client("logs")
        self.name = name or f"group-{uuid.uuid4().hex[:8]}"
        if not name:
            self.logs.create_log_group(logGroupName=self.name, tags={"team": "a"})
        self.logs.create_log_stream(logGroupName=self.name, logStreamName="s")

    def filter(self, name: str, pattern: str, value: str = "1", **members: Any) -> None:
        transformation = {"metricName": name, "metricNamespace": self.name, "metricValue": value, **members}
        self.logs.put_metric_filter(
            logGroupName=self.name, filterName=name, filterPattern=pattern, metricTransformations=[transformation]
        )

    def put(self, *messages: str | Mapping[str, Any]) -> None:
        now = int(time.time() * 1000)
        texts = [one if isinstance(one, str) else json.dumps(one) for one in messages]
        events = [{"timestamp": now, "message": text} for text in texts]
        self.logs.put_log_events(logGroupName=self.name, logStreamName="s", logEvents=events)

    def total(self, metric: str, **dimensions: str) -> float:
        found = self.engine.client("cloudwatch").get_metric_statistics(
            Namespace=self.name,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=datetime.now(UTC) - timedelta(hours=1),
            EndTime=datetime.now(UTC) + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in found))


@pytest.fixture
def group(engine: LiveEngine) -> Group:
    return Group(engine)


def test_events_that_match_are_counted(group: Group) -> None:
    group.filter("Errors", "ERROR -harmless")
    group.put("ERROR one", "ERROR harmless", "fine", "ERROR two")
    eventually(lambda: group.total("Errors") == 2)


def test_a_field_of_the_message_is_the_value_and_others_are_dimensions(group: Group) -> None:
    dimensions = {"Stage": "$.stage"}
    group.filter(
        "Latency", "{ $.latency = * && $.stage = p* }", "$.latency", dimensions=dimensions, unit="Milliseconds"
    )
    group.put({"latency": 7, "stage": "prd"}, {"latency": 5.5, "stage": "prd"}, {"latency": 9, "stage": "dev"}, "text")
    group.put({"latency": "slow", "stage": "prd"})
    eventually(lambda: group.total("Latency", Stage="prd") == 12.5)
    assert group.total("Latency", Stage="dev") == 0


def test_filters_are_described_page_by_page_and_deleted(group: Group) -> None:
    for number in range(3):
        group.filter(f"f{number}", "x")
    pages = group.logs.get_paginator("describe_metric_filters").paginate(
        logGroupName=group.name, PaginationConfig={"PageSize": 2}
    )
    found = [one for page in pages for one in page["metricFilters"]]
    assert [one["filterName"] for one in found] == ["f0", "f1", "f2"]
    by_metric = group.logs.describe_metric_filters(metricName="f1", metricNamespace=group.name)["metricFilters"]
    assert [one["filterName"] for one in by_metric] == ["f1"]
    group.logs.delete_metric_filter(logGroupName=group.name, filterName="f1")
    delete = {"logGroupName": group.name, "filterName": "f1"}
    assert _code(lambda: group.logs.delete_metric_filter(**delete)) == "ResourceNotFoundException"
    group.logs.delete_log_group(logGroupName=group.name)
    assert (
        group.logs.describe_metric_filters(filterNamePrefix="f0", metricName="f0", metricNamespace=group.name)[
            "metricFilters"
        ]
        == []
    )


@pytest.mark.parametrize(
    ("pattern", "members", "code"),
    [
        ("{ $.a = ", {}, "InvalidParameterException"),
        ("[ip, user]", {}, "NotImplemented"),
        ("x", {"value": "$.a"}, "InvalidParameterException"),
        ("x", {"value": "many"}, "InvalidParameterException"),
        ("x", {"defaultValue": 0.0}, "NotImplemented"),
    ],
)
def test_what_cannot_be_measured_is_refused(group: Group, pattern: str, members: dict[str, Any], code: str) -> None:
    assert _code(lambda: group.filter("bad", pattern, **members)) == code


def test_a_pattern_is_tried_on_messages(group: Group) -> None:
    messages = ['{"status": 503}', '{"status": 200}']
    found = group.logs.test_metric_filter(filterPattern="{ $.status >= 500 }", logEventMessages=messages)["matches"]
    assert [(one["eventNumber"], one["eventMessage"]) for one in found] == [(1, messages[0])]
    group.put(*messages)
    filtered = group.logs.filter_log_events(logGroupName=group.name, filterPattern="{ $.status >= 500 }")["events"]
    assert [one["message"] for one in filtered] == messages[:1]


@pytest.mark.parametrize(
    ("pattern", "document", "expected"),
    [
        ('{ ($.status >= 500 || $.error IS TRUE) && $.path = "/api/*" }', {"error": True, "path": "/api/x"}, True),
        ('{ ($.status >= 500 || $.error IS TRUE) && $.path = "/api/*" }', {"error": True, "path": "/x"}, False),
        ("{ $.a.b[1].c = abc* }", {"a": {"b": [0, {"c": "abcd"}]}}, True),
        ("{ $.x NOT EXISTS }", {}, True),
        ('{ $.x != "a" }', {}, False),
        ('{ $.x != "a" }', {"x": "b"}, True),
        ("{$.x=1}", {"x": True}, False),
        ("{ $.x IS NULL }", {"x": None}, True),
        ('{ $.["a.b"] < -1.5 }', {"a.b": -2}, True),
    ],
)
def test_patterns_over_json(pattern: str, document: dict[str, Any], expected: bool) -> None:
    assert parse_filter(pattern).matches(json.dumps(document)) is expected


def test_a_group_has_tags_and_may_keep_its_events_for_ever_again(group: Group) -> None:
    logs, name = group.logs, group.name
    (found,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    logs.tag_resource(resourceArn=found["logGroupArn"], tags={"stage": "dev"})
    logs.untag_resource(resourceArn=found["logGroupArn"], tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=found["logGroupArn"])["tags"] == {"stage": "dev"}
    logs.tag_log_group(logGroupName=name, tags={"more": "1"})
    logs.untag_log_group(logGroupName=name, tags=["stage"])
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"more": "1"}
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]


def test_a_stack_has_a_group_with_a_filter_and_takes_its_retention_away(engine: LiveEngine) -> None:
    name = f"stack-{uuid.uuid4().hex[:8]}"

    def template(retention: dict[str, int], pattern: str) -> str:
        group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **retention}}
        transformation = {
            "MetricName": "Slow",
            "MetricNamespace": name,
            "MetricValue": "$.latency",
            "Dimensions": [{"Key": "Stage", "Value": "$.stage"}],
        }
        properties = {
            "LogGroupName": {"Ref": "Group"},
            "FilterPattern": pattern,
            "MetricTransformations": [transformation],
        }
        filter_ = {"Type": "AWS::Logs::MetricFilter", "Properties": properties}
        return json.dumps({"Resources": {"Group": group, "Filter": filter_}})

    stack, logs = StackUser(engine, name), engine.client("logs")
    made = stack.create(template({"RetentionInDays": 7}, "{ $.latency > 1000 }"))
    assert made["StackStatus"] == "CREATE_COMPLETE", made
    changed = stack.update(template({}, "{ $.latency > 100 }"))
    assert changed["StackStatus"] == "UPDATE_COMPLETE", changed
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    group = Group(engine, name)
    group.put({"latency": 500, "stage": "prd"}, {"latency": 50, "stage": "prd"})
    eventually(lambda: group.total("Slow", Stage="prd") == 500)
    stack.delete()
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
