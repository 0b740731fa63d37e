"""Alarms that could never be evaluated are refused."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudwatch.alarms import _checked


@pytest.mark.parametrize("missing", ["Namespace", "MetricName"])
def test_a_query_names_its_metric(missing: str) -> None:
    metric: dict[str, Any] = {"Namespace": "n", "MetricName": "m"}
    del metric[missing]
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": True}
    request = {"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1.0}
    with pytest.raises(AwsError, match=f"{missing} of each Metric is required"):
        _checked({**request, "Metrics": [query]})
