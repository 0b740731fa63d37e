"""What is told of an alarm's change: the event for EventBridge, and the message for SNS.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import botocore.session

from mlsystem.engine.decide.alarm.reason import moment
from mlsystem.engine.decide.arn import Scope

if TYPE_CHECKING:
    from mlsystem.engine.services.cloudwatch.alarm import Alarm

LONGEST_SUBJECT = 100
# Members of PutMetricAlarm that a message tells under their own names.
TRIGGER_MEMBERS = (
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "ComparisonOperator",
    "Threshold",
)


def change_event(before: Alarm, after: Alarm) -> dict[str, Any]:
    """The data of the notice `aws.event`."""
    return {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [after.arn],
        "detail": {
            "alarmName": after.key,
            "state": _state(after),
            "previousState": _state(before),
            "configuration": _configuration(after),
        },
    }


def _state(alarm: Alarm) -> dict[str, str]:
    state = {"value": alarm.state, "reason": alarm.reason, "timestamp": moment(alarm.told_at)}
    return {**state, "reasonData": alarm.reason_data} if alarm.reason_data else state


def _configuration(alarm: Alarm) -> dict[str, Any]:
    definition = alarm.definition
    description = {"description": definition["AlarmDescription"]} if "AlarmDescription" in definition else {}
    if alarm.is_composite:
        return {**description, "alarmRule": definition["AlarmRule"]}
    return {**description, "metrics": [_query(query) for query in _queries(alarm.key, definition)]}


def _queries(name: str, definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "Metrics" in definition:
        return list(definition["Metrics"])
    metric = {member: definition.get(member, ()) for member in ("Namespace", "MetricName", "Dimensions")}
    stat = definition.get("Statistic") or definition["ExtendedStatistic"]
    query_id = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
    return [{"Id": query_id, "MetricStat": {"Metric": metric, "Period": definition["Period"], "Stat": stat}}]


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Label" in query:
        told["label"] = query["Label"]
    if "Expression" in query:
        return {**told, "expression": query["Expression"]}
    stat = query["MetricStat"]
    metric = stat["Metric"]
    dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions", ())}
    names = {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}
    return {**told, "metricStat": {"metric": names, "period": stat["Period"], "stat": stat["Stat"]}}


def sns_message(scope: Scope, name: str, arn: str, change: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and message. `change` is the data of the action `cloudwatch.notify`."""
    definition: Mapping[str, Any] = change["definition"]
    region = region_name(scope.region)
    message = {
        "AlarmName": name,
        "AlarmDescription": definition.get("AlarmDescription"),
        "AWSAccountId": scope.account,
        "AlarmConfigurationUpdatedTimestamp": moment(change["configured_at"]),
        "NewStateValue": change["state"],
        "NewStateReason": change["reason"],
        "StateChangeTime": moment(change["at"]),
        "Region": region,
        "AlarmArn": arn,
        "OldStateValue": change["previous"],
        "OKActions": definition.get("OKActions", []),
        "AlarmActions": definition.get("AlarmActions", []),
        "InsufficientDataActions": definition.get("InsufficientDataActions", []),
        **_watched(definition),
    }
    return f'{change["state"]}: "{name}" in {region}'[:LONGEST_SUBJECT], json.dumps(message)


def _watched(definition: Mapping[str, Any]) -> dict[str, Any]:
    if "AlarmRule" in definition:
        return {"AlarmRule": definition["AlarmRule"]}
    return {"Trigger": _trigger(definition)}


def _trigger(definition: Mapping[str, Any]) -> dict[str, Any]:
    trigger = {member: definition[member] for member in TRIGGER_MEMBERS if member in definition}
    trigger["TreatMissingData"] = definition.get("TreatMissingData", "")
    trigger["EvaluateLowSampleCountPercentile"] = definition.get("EvaluateLowSampleCountPercentile", "")
    if "Metrics" in definition:
        return {**trigger, "Metrics": definition["Metrics"]}
    dimensions = [{"value": item["Value"], "name": item["Name"]} for item in definition.get("Dimensions", ())]
    metric = {"MetricName": definition["MetricName"], "Namespace": definition["Namespace"], "Dimensions": dimensions}
    if "Statistic" in definition:
        kind = {"StatisticType": "Statistic", "Statistic": _screaming(definition["Statistic"])}
    else:
        kind = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": definition["ExtendedStatistic"]}
    return {**metric, **kind, "Unit": definition.get("Unit"), **trigger}


def _screaming(statistic: str) -> str:
    """SampleCount as SAMPLE_COUNT."""
    return "".join(
        f"_{letter}" if letter.isupper() and position else letter for position, letter in enumerate(statistic)
    ).upper()


@functools.cache
def region_name(region: str) -> str:
    """`US East (N. Virginia)`; a region that botocore does not know by its code."""
    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region
