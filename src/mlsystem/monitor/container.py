"""The analyzer as a processing container: everything it needs to know stands in environment variables.

They are Model Monitor's, so a monitoring schedule or a processing job that was made for its image runs this one:
`analysis_type` says whether it is about the data or about the model, and a job with ground truth and no format merges.
A processing job has the same map in /opt/ml/config/processingjobconfig.json, for launchers that pass only the file.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from mlsystem.monitor.comparison_rules import changed, faults
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.distances import CATEGORICAL_METHODS, COMPARISON_METHODS
from mlsystem.monitor.errors import ConfigurationError, MonitorError
from mlsystem.monitor.multiple_testing import CORRECTIONS
from mlsystem.monitor.output_files import report_failure
from mlsystem.monitor.publishing import Publisher
from mlsystem.monitor.quality_run import merge, run_quality
from mlsystem.monitor.quality_settings import merge_job, quality_job
from mlsystem.monitor.reading import parse_format
from mlsystem.monitor.run import Job, run
from mlsystem.monitor.settings import number, one_of, path_in, read_settings, required, whole_number, window

# SageMaker's folder; its own training toolkit lets this variable move it, and so do tests here.
BASE_FOLDER_VARIABLE = "SAGEMAKER_BASE_DIR"
BASE_FOLDER = "/opt/ml"

MODEL_QUALITY = "MODEL_QUALITY"
ANALYSIS_TYPES = ("DATA_QUALITY", MODEL_QUALITY)


def run_container(
    environment: Mapping[str, str], publisher: Callable[[], Publisher | None], now: Callable[[], datetime]
) -> tuple[int, str]:
    """Runs the job that the environment describes. Returns the exit code and the exit message."""
    base = Path(environment.get(BASE_FOLDER_VARIABLE, BASE_FOLDER))
    message = base / "output" / "message"
    try:
        settings = read_settings(environment, base)
        sent_to = publisher() if _publishes(settings) else None
        if settings.get("ground_truth_source") and not settings.get("dataset_format"):
            merge(merge_job(settings, base))
        elif one_of(settings, "analysis_type", ANALYSIS_TYPES) == MODEL_QUALITY:
            run_quality(quality_job(settings, base), sent_to, now)
        else:
            run(_job(settings, base), sent_to, now)
    except MonitorError as error:
        report_failure(message, str(error))
        return 1, str(error)
    return 0, message.read_text(encoding="utf-8")


def _job(settings: Mapping[str, str], base: Path) -> Job:
    return Job(
        data=[Path(required(settings, "dataset_source"))],
        form=parse_format(required(settings, "dataset_format")),
        output=Path(required(settings, "output_path")),
        message=base / "output" / "message",
        metrics=base / "output" / "metrics" / "cloudwatch",
        baseline_constraints=path_in(settings, "baseline_constraints"),
        baseline_statistics=path_in(settings, "baseline_statistics"),
        config=_config(settings),
        preprocessor=path_in(settings, "record_preprocessor_script"),
        postprocessor=path_in(settings, "post_analytics_processor_script"),
        endpoint=settings.get("sagemaker_endpoint_name") or None,
        schedule=settings.get("sagemaker_monitoring_schedule_name") or None,
        window=window(settings),
        newest=_newest(settings),
        joined=_joined(settings),
        ties_counted_once=one_of(settings, "drift_ties", ("all", "once")) == "once",
    )


def _newest(settings: Mapping[str, str]) -> int | None:
    """0, as a template without a wish says it, is all."""
    count = whole_number(settings, "newest_records") or None
    if count is not None and count < 0:
        raise ConfigurationError(
            f"The environment variable newest_records is {count}; it is a number of records, or 0 for all"
        )
    return count


def _joined(settings: Mapping[str, str]) -> Path | None:
    folder = path_in(settings, "joined_baseline")
    if folder and settings.get("baseline_constraints"):
        raise ConfigurationError(
            "joined_baseline is for a run that makes a baseline, and baseline_constraints for one that checks"
        )
    return folder


def _publishes(settings: Mapping[str, str]) -> bool:
    """Whether to call PutMetricData.

    A schedule that Model Monitor runs publishes the metrics file itself: there, put_metric_data=Disabled keeps sums
    from being counted twice.
    """
    wanted = one_of(settings, "publish_cloudwatch_metrics", ("Disabled", "Enabled")) == "Enabled"
    return wanted and one_of(settings, "put_metric_data", ("Enabled", "Disabled")) == "Enabled"


def _config(settings: Mapping[str, str]) -> MonitoringConfig:
    """Thresholds and methods that a baseline is to suggest; Model Monitor had no way to say so at baselining."""
    wanted = {
        "comparison_threshold": number(settings, "comparison_threshold"),
        "comparison_method": one_of(settings, "comparison_method", ("Robust", *COMPARISON_METHODS)),
        "categorical_comparison_threshold": number(settings, "categorical_comparison_threshold"),
        "categorical_drift_method": one_of(settings, "categorical_drift_method", ("", *CATEGORICAL_METHODS)) or None,
        "multiple_testing_correction": one_of(settings, "multiple_testing_correction", ("", *CORRECTIONS)) or None,
        "minimum_sample": whole_number(settings, "minimum_sample"),
    }
    config = changed(MonitoringConfig(), {name: value for name, value in wanted.items() if value is not None})
    for name, fault in faults(config):
        raise ConfigurationError(f"The environment variable {name} {fault}")
    return config
