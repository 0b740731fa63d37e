"""What goes to CloudWatch: names, values, and when a metric is left out."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from mlsystem.monitor.constraints import Constraints, MonitoringConfig, suggest_constraints
from mlsystem.monitor.metrics import metric_data
from mlsystem.monitor.profile import Categories
from mlsystem.monitor.types import TypeCounts
from mlsystem.monitor.violations import Drift
from tests.unit.monitor.columns import KnownColumn, profile

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
NUMBERS = KnownColumn("temp", TypeCounts(fractional=4), known_numbers=np.array([1.0, 2.0, 3.0, 6.0]))
WORDS = KnownColumn("carrier", TypeCounts(string=8), known_categories=Categories(1, (("UA", 8),)))
PROFILE = profile(8, [NUMBERS, WORDS])


def test_each_feature_has_its_completeness_its_drift_and_numbers_also_their_statistics() -> None:
    drifts = {"temp": Drift(0.25, 0.1), "carrier": Drift(0.0, 0.1)}
    dimensions = [{"Name": "Endpoint", "Value": "flights-prd"}, {"Name": "MonitoringSchedule", "Value": "hourly"}]
    data = metric_data(PROFILE, suggest_constraints(PROFILE), drifts, dimensions, NOW)  # type: ignore[arg-type]
    values = {datum["MetricName"]: datum.get("Value", datum.get("StatisticValues")) for datum in data}
    assert values == {
        "feature_data_temp": {"SampleCount": 4.0, "Sum": 12.0, "Minimum": 1.0, "Maximum": 6.0},
        "feature_non_null_temp": 0.5,
        "feature_baseline_drift_temp": 0.25,
        "feature_non_null_carrier": 1.0,
        "feature_baseline_drift_carrier": 0.0,
    }
    assert all(datum["Dimensions"] == dimensions and datum["Timestamp"] == NOW for datum in data)


def test_a_feature_whose_constraints_say_so_has_no_metrics() -> None:
    temp, carrier = suggest_constraints(PROFILE).features
    quiet = replace(temp, config=MonitoringConfig(emit_metrics=False))
    data = metric_data(PROFILE, Constraints((quiet, carrier), MonitoringConfig()), {}, [], NOW)
    assert [datum["MetricName"] for datum in data] == ["feature_non_null_carrier"]


def test_a_baseline_that_emits_no_metrics_emits_none() -> None:
    config = MonitoringConfig(emit_metrics=False)
    assert metric_data(PROFILE, suggest_constraints(PROFILE, config), {}, [], NOW) == []


def test_numbers_that_cloudwatch_refuses_are_left_out() -> None:
    huge = profile(1, [KnownColumn("huge", TypeCounts(fractional=1), known_numbers=np.array([1e200]))])
    names = [datum["MetricName"] for datum in metric_data(huge, suggest_constraints(huge), {}, [], NOW)]
    assert names == ["feature_non_null_huge"]
