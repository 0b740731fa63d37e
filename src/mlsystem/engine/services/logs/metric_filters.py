"""Metric filters: the operations. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.log_filter import parse_filter
from mlsystem.engine.decide.log_json_filter import JsonFilter
from mlsystem.engine.decide.paging import Paging, by_key
from mlsystem.engine.services.logs.groups import require_group
from mlsystem.engine.services.logs.metric_filter import MetricFilter

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        DeleteMetricFilterRequestTypeDef,
        DescribeMetricFiltersRequestTypeDef,
        PutMetricFilterRequestTypeDef,
        TestMetricFilterRequestTypeDef,
    )

PAGES = Paging(50, "limit", "nextToken", "nextToken")
MOST_DIMENSIONS = 3


class MetricFilters(Part):
    """Put, describe, delete, test."""

    @operation("PutMetricFilter", accepts="logGroupName filterName filterPattern metricTransformations")
    def put(self, request: PutMetricFilterRequestTypeDef, call: Call) -> Mapping[str, object]:
        group = require_group(call.tx, request["logGroupName"])
        given: Mapping[str, Any] = request
        transformations = tuple(given["metricTransformations"])
        pattern = parse_filter(given["filterPattern"])
        for one in transformations:
            _check(one, isinstance(pattern, JsonFilter))
        key = f"{group.key}:{given['filterName']}"
        known = call.tx.get(MetricFilter, key)
        made = MetricFilter(
            key=key,
            parent=group.key,
            created_at=known.created_at if known else 0.0,
            name=given["filterName"],
            pattern=given["filterPattern"],
            transformations=transformations,
        )
        call.tx.put(made)
        return {}

    @operation(
        "DescribeMetricFilters",
        accepts="logGroupName filterNamePrefix nextToken limit metricName metricNamespace",
    )
    def describe(self, request: DescribeMetricFiltersRequestTypeDef, call: Call) -> Mapping[str, object]:
        if ("metricName" in request) != ("metricNamespace" in request):
            raise AwsError("InvalidParameterException", "metricName and metricNamespace come together.")
        group = request.get("logGroupName")
        if group is not None:
            require_group(call.tx, group)
        wanted = (one for one in call.tx.each(MetricFilter, parent=group, by_key=True) if _is_wanted(one, request))
        return PAGES.page(wanted, request, "metricFilters", by_key, _described)

    @operation("DeleteMetricFilter", accepts="logGroupName filterName")
    def delete(self, request: DeleteMetricFilterRequestTypeDef, call: Call) -> Mapping[str, object]:
        group = require_group(call.tx, request["logGroupName"])
        if not call.tx.remove(MetricFilter, f"{group.key}:{request['filterName']}"):
            raise AwsError("ResourceNotFoundException", f"The specified metric filter does not exist in {group.key}.")
        return {}

    @operation("TestMetricFilter", mode="read", accepts="filterPattern logEventMessages")
    def test(self, request: TestMetricFilterRequestTypeDef, call: Call) -> Mapping[str, object]:
        wanted = parse_filter(request["filterPattern"])
        return {
            "matches": [
                {"eventNumber": number, "eventMessage": message, "extractedValues": {}}
                for number, message in enumerate(request["logEventMessages"], 1)
                if wanted.matches(message)
            ]
        }


def _check(transformation: Mapping[str, Any], is_json: bool) -> None:
    value, dimensions = str(transformation["metricValue"]), transformation.get("dimensions", {})
    if "defaultValue" in transformation:
        raise NotImplementedHere(
            "logs:PutMetricFilter with defaultValue", "an alarm may treat missing data as it likes"
        )
    if str(transformation["metricNamespace"]).startswith("AWS/"):
        raise AwsError("InvalidParameterException", "A metric's namespace must not begin with AWS/.")
    if len(dimensions) > MOST_DIMENSIONS:
        raise AwsError("InvalidParameterException", f"A metric has at most {MOST_DIMENSIONS} dimensions.")
    selectors = [text for text in (value, *dimensions.values()) if str(text).startswith("$")]
    if (selectors and not is_json) or len(selectors) < len(dimensions):
        message = "Fields of a message are named by selectors such as $.status, in a filter with a pattern over JSON."
        raise AwsError("InvalidParameterException", message)
    if not value.startswith("$"):
        try:
            float(value)
        except ValueError as error:
            raise AwsError("InvalidParameterException", f"The metricValue {value} is no number.") from error


def _is_wanted(one: MetricFilter, request: DescribeMetricFiltersRequestTypeDef) -> bool:
    metrics = [(told["metricName"], told["metricNamespace"]) for told in one.transformations]
    return one.name.startswith(request.get("filterNamePrefix", "")) and (
        "metricName" not in request or (request["metricName"], request["metricNamespace"]) in metrics
    )


def _described(one: MetricFilter) -> dict[str, object]:
    return {
        "filterName": one.name,
        "filterPattern": one.pattern,
        "metricTransformations": list(one.transformations),
        "creationTime": int(one.created_at * 1000),
        "logGroupName": one.parent,
        "applyOnTransformedLogs": False,
    }
