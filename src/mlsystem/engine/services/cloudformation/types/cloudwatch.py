"""AWS::CloudWatch::Alarm. Ref is its name."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site

PROPERTIES = frozenset(
    {
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "AlarmName",
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
    }
    | {
        "EvaluateLowSampleCountPercentile",
        "EvaluationPeriods",
        "ExtendedStatistic",
        "InsufficientDataActions",
        "MetricName",
    }
    | {"Metrics", "Namespace", "OKActions", "Period", "Statistic", "Tags", "Threshold", "TreatMissingData", "Unit"}
)


def _put(site: Site, name: str, _old: Properties, new: Properties) -> None:
    request = {key: value for key, value in new.items() if key != "Tags"}
    site.call("cloudwatch", "PutMetricAlarm", coerced("cloudwatch", "PutMetricAlarm", {**request, "AlarmName": name}))


def _describe(site: Site, name: str) -> dict[str, Any]:
    return {"Arn": site.house.scope.arn("cloudwatch", f"alarm:{name}")}


ALARM = ApiType(
    name="AWS::CloudWatch::Alarm",
    service="cloudwatch",
    create_operation="PutMetricAlarm",
    delete_operation="DeleteAlarms",
    properties=PROPERTIES,
    required=frozenset({"ComparisonOperator", "EvaluationPeriods"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"AlarmName"}),
    arguments=lambda site, given: {"AlarmName": site.made_up_name(255), **given},
    identify=lambda _answer, request: str(request["AlarmName"]),
    describe=_describe,
    delete_request=lambda name, _properties: {"AlarmNames": [name]},
    change=_put,
)
