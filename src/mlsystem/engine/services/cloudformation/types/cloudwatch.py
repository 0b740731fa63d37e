"""AWS::CloudWatch::Alarm, CompositeAlarm and Dashboard."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import gone_tags, tag_list, tagged

OF_ALARM = (
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ThresholdMetricId",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
)


def _alarm(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    """PutMetricAlarm would change an alarm that is there already, so this asks first."""
    name = properties.get("AlarmName") or site.made_up_name(255)
    if site.call("cloudwatch", "DescribeAlarms", {"AlarmNames": [name]}).get("MetricAlarms"):
        raise AwsError("AlreadyExistsException", f"The alarm {name} already exists.")
    return tagged({**properties, "AlarmName": name}, "Tags", tag_list(site, properties))


def _change_alarm(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {member: new[member] for member in OF_ALARM if member in new}
    site.call("cloudwatch", "PutMetricAlarm", coerced("cloudwatch", "PutMetricAlarm", {**request, "AlarmName": name}))
    _retag(site, name, old, new)


def _retag(site: Site, name: str, old: Properties, new: Properties) -> None:
    arn = _arn(site, name)
    if tags := tag_list(site, new):
        site.call("cloudwatch", "TagResource", {"ResourceARN": arn, "Tags": tags})
    if gone := gone_tags(site, old, new):
        site.call("cloudwatch", "UntagResource", {"ResourceARN": arn, "TagKeys": gone})


def _arn(site: Site, name: str) -> str:
    return site.house.scope.arn("cloudwatch", f"alarm:{name}")


ALARM = ApiType(
    name="AWS::CloudWatch::Alarm",
    service="cloudwatch",
    create_operation="PutMetricAlarm",
    delete_operation="DeleteAlarms",
    properties=frozenset({"AlarmName", "Tags", *OF_ALARM}),
    required=frozenset({"ComparisonOperator", "EvaluationPeriods"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"AlarmName"}),
    arguments=_alarm,
    identify=lambda _answer, request: str(request["AlarmName"]),
    describe=lambda site, name: {"Arn": _arn(site, name)},
    delete_request=lambda name, _properties: {"AlarmNames": [name]},
    change=_change_alarm,
)


OF_COMPOSITE = (
    "AlarmRule",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
)


def _composite(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    name = properties.get("AlarmName") or site.made_up_name(255)
    asked = {"AlarmNames": [name], "AlarmTypes": ["CompositeAlarm"]}
    if site.call("cloudwatch", "DescribeAlarms", asked).get("CompositeAlarms"):
        raise AwsError("AlreadyExistsException", f"The alarm {name} already exists.")
    return tagged({**properties, "AlarmName": name}, "Tags", tag_list(site, properties))


def _change_composite(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {"AlarmName": name, **{member: new[member] for member in OF_COMPOSITE if member in new}}
    site.call("cloudwatch", "PutCompositeAlarm", coerced("cloudwatch", "PutCompositeAlarm", request))
    _retag(site, name, old, new)


COMPOSITE_ALARM = ApiType(
    name="AWS::CloudWatch::CompositeAlarm",
    service="cloudwatch",
    create_operation="PutCompositeAlarm",
    delete_operation="DeleteAlarms",
    properties=frozenset({"AlarmName", "Tags", *OF_COMPOSITE}),
    required=frozenset({"AlarmRule"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"AlarmName"}),
    arguments=_composite,
    identify=lambda _answer, request: str(request["AlarmName"]),
    describe=lambda site, name: {"Arn": _arn(site, name)},
    delete_request=lambda name, _properties: {"AlarmNames": [name]},
    change=_change_composite,
)


def _dashboard(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return {"DashboardName": site.made_up_name(255), **properties}


def _change_dashboard(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {"DashboardName": name, "DashboardBody": new["DashboardBody"]}
    site.call("cloudwatch", "PutDashboard", coerced("cloudwatch", "PutDashboard", request))


DASHBOARD = ApiType(
    name="AWS::CloudWatch::Dashboard",
    service="cloudwatch",
    create_operation="PutDashboard",
    delete_operation="DeleteDashboards",
    properties=frozenset({"DashboardName", "DashboardBody"}),
    required=frozenset({"DashboardBody"}),
    immutable=frozenset({"DashboardName"}),
    arguments=_dashboard,
    identify=lambda _answer, request: str(request["DashboardName"]),
    delete_request=lambda name, _properties: {"DashboardNames": [name]},
    change=_change_dashboard,
)
