"""Alarms: the operations. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.alarm import AlarmRule, StateValue, alarm_series, check_queries, evaluation_range, read_rule
from mlsystem.engine.decide.alarm.reason import moment
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_key
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.cloudwatch.alarm import ACTION_MEMBERS, Alarm, AlarmMachine, is_scaling_policy
from mlsystem.engine.services.cloudwatch.composite_alarms import parents
from mlsystem.engine.services.cloudwatch.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        DeleteAlarmsInputTypeDef,
        DescribeAlarmsForMetricInputTypeDef,
        DescribeAlarmsInputTypeDef,
        PutMetricAlarmInputTypeDef,
        SetAlarmStateInputTypeDef,
    )

MEMBERS = """AlarmName AlarmDescription ActionsEnabled OKActions AlarmActions InsufficientDataActions MetricName Namespace Statistic
    ExtendedStatistic Dimensions Period Unit EvaluationPeriods DatapointsToAlarm Threshold ComparisonOperator TreatMissingData
    EvaluateLowSampleCountPercentile Metrics Tags ThresholdMetricId"""
# Members that a metric alarm shares with DescribeAlarmsForMetric's question.
OF_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit")
MOST_ACTIONS = 5

PAGES = Paging(50, "MaxRecords")


class Alarms(Part):
    """Put, describe, delete, set, enable and disable."""

    def __init__(self, house: House, machine: AlarmMachine):
        self._house = house
        self._machine = machine

    @operation("PutMetricAlarm", accepts=MEMBERS)
    def put(self, request: PutMetricAlarmInputTypeDef, call: Call) -> Mapping[str, object]:
        given: Mapping[str, Any] = request
        rule = _checked(given)
        definition: dict[str, Any] = {name: value for name, value in given.items() if name != "Tags"}
        name, now = request["AlarmName"], call.now
        known = call.tx.get(Alarm, name)
        arn = self._house.scope.arn("cloudwatch", f"alarm:{name}")
        if known is not None and known.is_composite:
            raise AwsError("ValidationError", f"The alarm {name} is a composite alarm already.", status=400)
        if known is None:
            alarm = Alarm(
                key=name,
                state=StateValue.INSUFFICIENT_DATA,
                arn=arn,
                definition=definition,
                configured_at=now,
                told_at=now,
                state_since=now,
            )
            write_tags(call.tx, arn, given.get("Tags", ()))
        else:
            alarm = known.changed(
                definition=definition,
                generation=known.generation + 1,
                configured_at=now,
            )
        summary = f'Alarm "{name}" {"updated" if known else "created"}'
        self._house.worker.commit_step(call.tx, alarm, self._machine.configure(alarm, rule.period, now, summary))
        return {}

    @operation(
        "DescribeAlarms", accepts="AlarmNames AlarmNamePrefix AlarmTypes StateValue ActionPrefix MaxRecords NextToken"
    )
    def describe(self, request: DescribeAlarmsInputTypeDef, call: Call) -> Mapping[str, object]:
        if "AlarmNames" in request and "AlarmNamePrefix" in request:
            raise AwsError("ValidationError", "AlarmNames and AlarmNamePrefix exclude each other.", status=400)
        wanted = (alarm for alarm in _named(call.tx, request) if _is_wanted(alarm, request))
        alarms, more = PAGES.take(wanted, request, by_key)
        return {
            "MetricAlarms": [describe_alarm(alarm) for alarm in alarms if not alarm.is_composite],
            "CompositeAlarms": [describe_alarm(alarm) for alarm in alarms if alarm.is_composite],
            **more,
        }

    @operation(
        "DescribeAlarmsForMetric",
        accepts="MetricName Namespace Statistic ExtendedStatistic Dimensions Period Unit",
    )
    def describe_for_metric(self, request: DescribeAlarmsForMetricInputTypeDef, call: Call) -> Mapping[str, object]:
        given: Mapping[str, Any] = request
        wanted = {name: given[name] for name in OF_METRIC if name in given}
        dimensions = _pairs(given.get("Dimensions", ()))
        found = [
            alarm
            for alarm in call.tx.all(Alarm)
            if all(alarm.definition.get(name) == value for name, value in wanted.items())
            and _pairs(alarm.definition.get("Dimensions", ())) == dimensions
        ]
        return {"MetricAlarms": [describe_alarm(alarm) for alarm in found]}

    @operation("DeleteAlarms", accepts="AlarmNames")
    def delete(self, request: DeleteAlarmsInputTypeDef, call: Call) -> Mapping[str, object]:
        """All or, where one of several is not there, none."""
        missing = [name for name in request["AlarmNames"] if call.tx.get(Alarm, name) is None]
        if missing:
            raise AwsError("ResourceNotFound", f"Unknown alarm {missing[0]}; none was deleted.")
        _check_parents(call.tx, request["AlarmNames"])
        for name in request["AlarmNames"]:
            data = {"summary": f'Alarm "{name}" deleted'}
            call.tx.record_history(Alarm.kind, name, "ConfigurationUpdate", json.dumps(data))
            call.tx.remove(Alarm, name)
        return {}

    @operation("SetAlarmState", accepts="AlarmName StateValue StateReason StateReasonData")
    def set_state(self, request: SetAlarmStateInputTypeDef, call: Call) -> Mapping[str, object]:
        if call.tx.get(Alarm, request["AlarmName"]) is None:
            raise AwsError("ResourceNotFound", f"Unknown alarm {request['AlarmName']}.")
        reason_data = request.get("StateReasonData", "")
        if reason_data:
            _check_json(reason_data)
        data = {"state": request["StateValue"], "reason": request["StateReason"], "reason_data": reason_data}
        self._house.worker.send(call.tx, Alarm, request["AlarmName"], Event("state_set", data))
        return {}

    @operation("EnableAlarmActions", accepts="AlarmNames")
    def enable(self, request: DeleteAlarmsInputTypeDef, call: Call) -> Mapping[str, object]:
        return _switch(call.tx, request["AlarmNames"], is_enabled=True)

    @operation("DisableAlarmActions", accepts="AlarmNames")
    def disable(self, request: DeleteAlarmsInputTypeDef, call: Call) -> Mapping[str, object]:
        return _switch(call.tx, request["AlarmNames"], is_enabled=False)


def _checked(request: Mapping[str, Any]) -> AlarmRule:
    """Refuses what cannot be evaluated, and actions that are none here."""
    for member in ("ComparisonOperator", "EvaluationPeriods"):
        if member not in request:
            raise AwsError("ValidationError", f"{member} is required.", status=400)
    rule = read_rule(request)
    if "Metrics" in request:
        queries = request["Metrics"]
        check_queries(queries)
        _check_named(query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query)
        empty = {query["Id"]: [None] * evaluation_range(rule) for query in queries if "MetricStat" in query}
        alarm_series(queries, dict(empty))
    elif "Namespace" not in request:
        raise AwsError("ValidationError", "Namespace is required with MetricName.", status=400)
    for member in ACTION_MEMBERS.values():
        for arn in request.get(member, ()):
            if not is_scaling_policy(arn) and arn.split(":")[2:3] != ["sns"]:
                raise NotImplementedHere(f"the alarm action {arn}", "topics of SNS and scaling policies are")
    return rule


def _check_named(metrics: Iterable[Mapping[str, Any]]) -> None:
    for metric in metrics:
        for member in ("Namespace", "MetricName"):
            if member not in metric:
                raise AwsError("ValidationError", f"{member} of each Metric is required.", status=400)


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise AwsError("InvalidFormat", f"StateReasonData was not syntactically valid JSON: {error}", 400) from error


def describe_alarm(alarm: Alarm) -> dict[str, object]:
    """A MetricAlarm or a CompositeAlarm."""
    definition = alarm.definition
    answer: dict[str, object] = {
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        **({} if alarm.is_composite else {"Dimensions": []}),
        **definition,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": datetime.fromtimestamp(alarm.configured_at, UTC),
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": datetime.fromtimestamp(alarm.told_at, UTC),
        "StateTransitionedTimestamp": datetime.fromtimestamp(alarm.state_since, UTC),
    }
    return {**answer, "StateReasonData": alarm.reason_data} if alarm.reason_data else answer


def _check_parents(tx: Transaction, names: Collection[str]) -> None:
    """An alarm stays while a composite alarm depends on it."""
    for name in names:
        depending = [alarm.key for alarm in parents(tx, name) if alarm.key not in names]
        if depending:
            message = f"Cannot delete {name} as there are composite alarm(s) depending on it: {', '.join(depending)}"
            raise AwsError("ValidationError", message, status=400)


def _named(tx: Transaction, request: Mapping[str, Any]) -> Iterator[Alarm]:
    if "AlarmNames" in request:
        found = (tx.get(Alarm, name) for name in sorted(set(request["AlarmNames"])))
        return (alarm for alarm in found if alarm is not None)
    return tx.each(Alarm, prefix=request.get("AlarmNamePrefix"), state=request.get("StateValue"), by_key=True)


def _is_wanted(alarm: Alarm, request: Mapping[str, Any]) -> bool:
    kind = "CompositeAlarm" if alarm.is_composite else "MetricAlarm"
    if kind not in request.get("AlarmTypes", ("MetricAlarm",)):
        return False
    prefix = request.get("ActionPrefix")
    arns = [arn for state in ACTION_MEMBERS for arn in alarm.action_arns(state)]
    return request.get("StateValue", alarm.state) == alarm.state and (
        prefix is None or any(arn.startswith(prefix) for arn in arns)
    )


def _switch(tx: Transaction, names: Iterable[str], *, is_enabled: bool) -> Mapping[str, object]:
    """What is not there is passed over, as on AWS."""
    for name in names:
        alarm = tx.get(Alarm, name)
        if alarm is not None:
            tx.put(alarm.changed(definition={**alarm.definition, "ActionsEnabled": is_enabled}))
            verb = "enabled" if is_enabled else "disabled"
            data = json.dumps({"summary": f'Alarm actions for "{name}" {verb}', "at": moment(tx.now)})
            tx.record_history(Alarm.kind, name, "ConfigurationUpdate", data)
    return {}


def _pairs(dimensions: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    return sorted((item["Name"], item["Value"]) for item in dimensions)
