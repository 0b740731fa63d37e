"""What a run tells CloudWatch, as MetricDatum structures: the names are those that alarms and dashboards look for."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from mlsystem.monitor import texts
from mlsystem.monitor.constraints import Constraints
from mlsystem.monitor.profile import DatasetProfile, FeatureProfile
from mlsystem.monitor.violations import Drift

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDatumTypeDef

# PutMetricData refuses anything larger, and takes anything smaller for a mistake.
_LARGEST, _SMALLEST = 1.174271e108, 8.515920e-109


def metric_data(
    profile: DatasetProfile,
    constraints: Constraints,
    drifts: Mapping[str, Drift],
    dimensions: "list[DimensionTypeDef]",
    timestamp: datetime,
) -> "list[MetricDatumTypeDef]":
    """The metrics of every feature for which constraints.json does not disable them.

    `feature_data_<f>` has Minimum, Maximum, Sum, SampleCount (and so Average) of a numeric feature, `feature_non_null_<f>`
    its completeness, `feature_baseline_drift_<f>` its distance from the baseline, also when that is within its limit.
    """
    silent = {feature.name for feature in constraints.features if not feature.config.emit_metrics}
    return [
        {**datum, "Dimensions": dimensions, "Timestamp": timestamp}
        for feature in profile.features
        if feature.name not in silent and constraints.config.emit_metrics
        for datum in _of_feature(feature, drifts.get(feature.name))
    ]


def _of_feature(feature: FeatureProfile, drift: Drift | None) -> "Iterator[MetricDatumTypeDef]":
    if feature.inferred_type.is_numeric and feature.numerical:
        moments = feature.numerical.moments
        if all(map(is_publishable, (moments.minimum, moments.maximum, moments.total))):
            yield {
                "MetricName": texts.METRIC_DATA + feature.name,
                "StatisticValues": {
                    "SampleCount": float(moments.count),
                    "Sum": moments.total,
                    "Minimum": moments.minimum,
                    "Maximum": moments.maximum,
                },
            }
    yield {"MetricName": texts.METRIC_NON_NULL + feature.name, "Value": feature.completeness}
    if drift:
        yield {"MetricName": texts.METRIC_DRIFT + feature.name, "Value": drift.distance}


def is_publishable(number: float) -> bool:
    """Whether PutMetricData takes the number."""
    return number == 0.0 or _SMALLEST <= math.fabs(number) <= _LARGEST
