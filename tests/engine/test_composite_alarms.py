"""Composite alarms: states that follow from other alarms' states."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.decide.alarm.composite import parse_composite
from mlsystem.engine.decide.errors import AwsError
from tests.live import LiveEngine, eventually
from tests.stacks import StackUser


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


class Bench:
    """Metric alarms of a test's own, whose states it sets."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.cloudwatch = engine.client("cloudwatch")
        self.name = f"c-{uuid.uuid4().hex[:8]}"

    def metric_alarm(self, name: str, state: str = "OK") -> str:
        full = f"{self.name}-{name}"
        self.cloudwatch.put_metric_alarm(
            AlarmName=full,
            Namespace=self.name,
            MetricName=name,
            Statistic="Sum",
            Period=86400,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        self.set(full, state)
        return full

    def set(self, name: str, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="told")

    def composite(self, name: str, rule: str, **members: Any) -> str:
        self.cloudwatch.put_composite_alarm(AlarmName=f"{self.name}-{name}", AlarmRule=rule, **members)
        return f"{self.name}-{name}"

    def told(self, name: str) -> dict[str, Any]:
        found = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return dict(found[0])

    def becomes(self, name: str, state: str) -> None:
        eventually(lambda: self.told(name)["StateValue"] == state)


@pytest.fixture
def bench(engine: LiveEngine) -> Bench:
    return Bench(engine)


def test_a_composite_alarm_follows_the_alarms_of_its_rule_also_through_another(bench: Bench) -> None:
    one, two = bench.metric_alarm("one"), bench.metric_alarm("two")
    inner = bench.composite("inner", f'ALARM("{one}") AND NOT ALARM({two})')
    outer = bench.composite("outer", f"ALARM({inner}) OR FALSE", AlarmDescription="above")
    assert bench.told(inner)["StateReason"].endswith("was created and its alarm rule evaluates to OK")
    bench.set(one, "ALARM")
    bench.becomes(outer, "ALARM")
    told = bench.told(inner)
    assert f":alarm:{one} transitioned to ALARM at" in told["StateReason"]
    assert json.loads(told["StateReasonData"])["triggeringAlarms"][0]["state"]["value"] == "ALARM"
    bench.set(two, "ALARM")
    bench.becomes(outer, "OK")
    bench.composite("inner", f"ALARM({two})")
    bench.becomes(outer, "ALARM")


def test_metric_and_composite_alarms_are_listed_by_their_type(bench: Bench) -> None:
    one = bench.metric_alarm("one")
    names = [bench.composite(f"all{number}", f"OK({one})") for number in range(3)]
    cloudwatch = bench.cloudwatch

    def listed(**request: Any) -> list[str]:
        pages = cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=bench.name, PaginationConfig={"PageSize": 2}, **request
        )
        return [one["AlarmName"] for page in pages for one in (*page["CompositeAlarms"], *page["MetricAlarms"])]

    assert listed() == [one]
    assert listed(AlarmTypes=["CompositeAlarm"]) == names
    assert sorted(listed(AlarmTypes=["CompositeAlarm", "MetricAlarm"])) == sorted([*names, one])
    history = cloudwatch.describe_alarm_history(AlarmName=names[0], AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"]
    assert {item["AlarmType"] for item in history} == {"CompositeAlarm"}
    assert cloudwatch.describe_alarm_history(AlarmName=names[0])["AlarmHistoryItems"] == []


def test_a_topic_is_told_of_the_rule(bench: Bench) -> None:
    sns = bench.engine.client("sns")
    topic = sns.create_topic(Name=bench.name)["TopicArn"]
    one = bench.metric_alarm("one")
    name = bench.composite("told", f"ALARM({one})", AlarmActions=[topic], Tags=[{"Key": "team", "Value": "a"}])
    arn = bench.told(name)["AlarmArn"]
    assert bench.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    bench.set(one, "ALARM")

    def executed() -> list[str]:
        found = bench.cloudwatch.describe_alarm_history(
            AlarmName=name, AlarmTypes=["CompositeAlarm"], HistoryItemType="Action"
        )["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in found]

    assert eventually(executed) == [f"Successfully executed action {topic}"]


def test_what_a_composite_alarm_depends_on_stays(bench: Bench) -> None:
    one = bench.metric_alarm("one")
    name = bench.composite("kept", f"ALARM({one})")
    assert _code(lambda: bench.cloudwatch.delete_alarms(AlarmNames=[one])) == "ValidationError"
    assert _code(lambda: bench.composite("one", f"ALARM({one})")) == "ValidationError"
    assert _code(lambda: bench.composite("lost", "ALARM(nobody-has-this)")) == "ValidationError"
    assert _code(lambda: bench.composite("kept", f"ALARM({name})")) == "ValidationError"
    bench.cloudwatch.delete_alarms(AlarmNames=[name])
    bench.cloudwatch.delete_alarms(AlarmNames=[one])


@pytest.mark.parametrize(
    ("rule", "states", "expected"),
    [
        ('ALARM("a b") OR OK(c) AND FALSE', {"a b": "ALARM"}, True),
        ("(ALARM(a) OR OK(c)) AND FALSE", {"a": "ALARM"}, False),
        ("NOT INSUFFICIENT_DATA(arn:aws:cloudwatch:r:1:alarm:x)", {"x": "INSUFFICIENT_DATA"}, False),
        ("not alarm(ALARM)", {"ALARM": "OK"}, True),
        ("TRUE", {}, True),
    ],
)
def test_rules(rule: str, states: dict[str, str], expected: bool) -> None:
    assert parse_composite(rule).holds(states) is expected


@pytest.mark.parametrize(
    "rule", ["", "ALARM(a", "ALARM(a) AND", "a", "ALARM(a) OK(b)", "ALARM()", "AT_LEAST(1, ALARM, (a))"]
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(AwsError):
        parse_composite(rule)


def test_a_stack_has_a_composite_alarm(bench: Bench) -> None:
    one = bench.metric_alarm("one", "ALARM")

    def template(rule: str) -> str:
        alarm = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmName": bench.name, "AlarmRule": rule}}
        return json.dumps({"Resources": {"Alarm": alarm}})

    stack = StackUser(bench.engine, bench.name)
    assert stack.create(template(f"ALARM({one})"))["StackStatus"] == "CREATE_COMPLETE"
    bench.becomes(bench.name, "ALARM")
    assert stack.update(template(f"OK({one})"))["StackStatus"] == "UPDATE_COMPLETE"
    bench.becomes(bench.name, "OK")
    stack.delete()
    found = bench.cloudwatch.describe_alarms(AlarmNamePrefix=bench.name, AlarmTypes=["CompositeAlarm"])
    assert found["CompositeAlarms"] == []
