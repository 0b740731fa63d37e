"""What a run on a model's quality tells CloudWatch, as MetricDatum structures."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from mlsystem.monitor.metrics import is_publishable
from mlsystem.monitor.quality.evaluation import Quality

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDatumTypeDef


def quality_metric_data(
    quality: Quality, dimensions: "list[DimensionTypeDef]", timestamp: datetime
) -> "Iterator[MetricDatumTypeDef]":
    """A datum for each metric that is a single figure and is defined, under its own name."""
    for metric in quality.metrics:
        if is_publishable(metric.value):
            yield {"MetricName": metric.name, "Value": metric.value, "Dimensions": dimensions, "Timestamp": timestamp}
