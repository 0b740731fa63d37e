"""Every text that readers of the files match on, in one place, so that it can be corrected in one place.

How sure we are of each: docs/monitor-format.md. Numbers in them are printed as Java prints doubles.
"""

import math
from collections.abc import Sequence

from mlsystem.monitor.jackson import double

DATA_TYPE_CHECK = "data_type_check"
COMPLETENESS_CHECK = "completeness_check"
BASELINE_DRIFT_CHECK = "baseline_drift_check"
MISSING_COLUMN_CHECK = "missing_column_check"
EXTRA_COLUMN_CHECK = "extra_column_check"
CATEGORICAL_VALUES_CHECK = "categorical_values_check"

# What stands for feature_name where a violation is about the set of columns.
MISSING_COLUMNS = "Missing columns"
EXTRA_COLUMNS = "Extra columns"

METRIC_DATA = "feature_data_"
METRIC_NON_NULL = "feature_non_null_"
METRIC_DRIFT = "feature_baseline_drift_"
METRIC_NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
METRIC_NAMESPACE_WITHOUT_ENDPOINT = "aws/sagemaker/ModelMonitoring/data-metrics"
QUALITY_NAMESPACE = "aws/sagemaker/Endpoints/model-metrics"
QUALITY_NAMESPACE_WITHOUT_ENDPOINT = "aws/sagemaker/ModelMonitoring/model-metrics"

_LISTED_COLUMNS = 10


def data_type_mismatch(expected: str, threshold: float, match: float) -> str:
    """Of a feature whose values are not of the expected type often enough (shares, 0 to 1)."""
    return (
        f"Data type match requirement is not met. Expected data type: {expected}, "
        f"Expected match: {double(threshold * 100)}%. Observed: Only {double(match * 100)}% of data is {expected}."
    )


def share_too_low(share: float) -> str:
    """Of a feature with too few values, or too few of the known ones (a share, 0 to 1). The space belongs to it."""
    return f"Value: {double(share)} does not meet the constraint requirement! "


def drift(distance: float, limit: float) -> str:
    """Of a feature whose distribution has moved too far."""
    return f"Baseline drift distance: {double(distance)} exceeds threshold: {double(limit)}"


def beyond_threshold(metric: str, value: float, deviation: float, operator: str, threshold: float) -> str:
    """Of a metric of a model's quality that lies beyond its threshold; a deviation that is not known is NaN."""
    spread = double(deviation) if math.isfinite(deviation) else "NaN"
    return f"Metric {metric} with {double(value)} +/- {spread} was {operator} {double(threshold)}"


def missing_columns(names: Sequence[str], current: int, baseline: int) -> str:
    """Of columns that the baseline has and the current dataset has not."""
    return f"There are missing columns in current dataset: {_listed(names)}. {_numbers(current, baseline)}"


def extra_columns(names: Sequence[str], current: int, baseline: int) -> str:
    """Of columns that the current dataset has and the baseline has not."""
    return f"There are extra columns in current dataset: {_listed(names)}. {_numbers(current, baseline)}"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _LISTED_COLUMNS
    return ", ".join(names[:_LISTED_COLUMNS]) + (f" and {rest} more" if rest > 0 else "")


def _numbers(current: int, baseline: int) -> str:
    return f"Number of columns in current dataset: {current}, Number of columns in baseline constraints: {baseline}"


def completed(violations: int, unknown: int = 0, features: int = 0) -> str:
    """The exit message of a run that did its work, whatever it found; of `unknown` features of so many nobody can tell a drift."""
    addition = (
        f" Of {unknown} of {features} features nobody can tell a drift: verdicts.json says why." if unknown else ""
    )
    if violations:
        return f"CompletedWithViolations: Job completed successfully with {violations} violations.{addition}"
    return f"Completed: Job completed successfully with no violations.{addition}"


def no_data(source: str, finding: str, window: str | None) -> str:
    """The exit message of a run that found nothing to analyse."""
    return f"Job inputs had no data: {source} {finding}" + (f", for the window {window}" if window else "")
