"""AWS::Logs::LogGroup and MetricFilter."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_map, tagged


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {name: value for name, value in properties.items() if name != "RetentionInDays"}
    request.setdefault("LogGroupName", site.made_up_name(512))
    return tagged(request, "tags", tag_map(site, properties))


def _retain(site: Site, name: str, properties: Properties) -> None:
    if "RetentionInDays" in properties:
        request = {"logGroupName": name, "retentionInDays": properties["RetentionInDays"]}
        site.call("logs", "PutRetentionPolicy", coerced("logs", "PutRetentionPolicy", request))


def _change(site: Site, name: str, old: Properties, new: Properties) -> None:
    if "RetentionInDays" in old and "RetentionInDays" not in new:
        site.call("logs", "DeleteRetentionPolicy", {"logGroupName": name})
    _retain(site, name, new)


LOG_GROUP = ApiType(
    name="AWS::Logs::LogGroup",
    service="logs",
    create_operation="CreateLogGroup",
    delete_operation="DeleteLogGroup",
    properties=frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "Tags"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"LogGroupName", "LogGroupClass"}),
    arguments=_arguments,
    identify=lambda _answer, request: str(request["LogGroupName"]),
    describe=lambda site, name: {"Arn": site.house.scope.arn("logs", f"log-group:{name}:*")},
    delete_request=lambda name, _properties: {"logGroupName": name},
    change=_change,
    finish=_retain,
)


# ------------------------------------------------------------------ metric filters
OF_FILTER = ("LogGroupName", "FilterName", "FilterPattern", "MetricTransformations")


def _filter(site: Site, properties: Properties) -> dict[str, Any]:
    """Dimensions are a list of Key and Value in a template, a map in the API."""
    given = {name: properties[name] for name in OF_FILTER if name in properties}
    given.setdefault("FilterName", site.made_up_name(512))
    given["MetricTransformations"] = [
        {**one, "Dimensions": {pair["Key"]: pair["Value"] for pair in one["Dimensions"]}}
        if "Dimensions" in one
        else one
        for one in given["MetricTransformations"]
    ]
    return given


def _change_filter(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = _filter(site, {**new, "FilterName": name})
    site.call("logs", "PutMetricFilter", coerced("logs", "PutMetricFilter", request))


METRIC_FILTER = ApiType(
    name="AWS::Logs::MetricFilter",
    service="logs",
    create_operation="PutMetricFilter",
    delete_operation="DeleteMetricFilter",
    properties=frozenset(OF_FILTER),
    required=frozenset({"LogGroupName", "FilterPattern", "MetricTransformations"}),
    attributes=frozenset(),
    immutable=frozenset({"LogGroupName", "FilterName"}),
    arguments=_filter,
    identify=lambda _answer, request: str(request["FilterName"]),
    delete_request=lambda name, properties: {"logGroupName": properties["LogGroupName"], "filterName": name},
    change=_change_filter,
)
