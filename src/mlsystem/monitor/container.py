"""The analyzer as a processing container: everything it needs to know stands in environment variables.

They are Model Monitor's, so a monitoring schedule or a processing job that was made for its image runs this one.
A processing job has the same map in /opt/ml/config/processingjobconfig.json, for launchers that pass only the file.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from mlsystem.monitor.comparison_rules import changed, faults
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.distances import CATEGORICAL_METHODS, COMPARISON_METHODS
from mlsystem.monitor.errors import ConfigurationError, MonitorError
from mlsystem.monitor.multiple_testing import CORRECTIONS
from mlsystem.monitor.publishing import Publisher
from mlsystem.monitor.reading import parse_format
from mlsystem.monitor.run import Job, report_failure, run

# SageMaker's folder; its own training toolkit lets this variable move it, and so do tests here.
BASE_FOLDER_VARIABLE = "SAGEMAKER_BASE_DIR"
BASE_FOLDER = "/opt/ml"


def run_container(
    environment: Mapping[str, str], publisher: Callable[[], Publisher | None], now: Callable[[], datetime]
) -> tuple[int, str]:
    """Runs the job that the environment describes. Returns the exit code and the exit message."""
    base = Path(environment.get(BASE_FOLDER_VARIABLE, BASE_FOLDER))
    message = base / "output" / "message"
    try:
        settings = _settings(environment, base)
        run(_job(settings, base), publisher() if _publishes(settings) else None, now)
    except MonitorError as error:
        report_failure(message, str(error))
        return 1, str(error)
    return 0, message.read_text(encoding="utf-8")


def _settings(environment: Mapping[str, str], base: Path) -> Mapping[str, str]:
    """The environment; what it lacks is taken from the job's configuration file."""
    path = base / "config" / "processingjobconfig.json"
    if not path.exists():
        return environment
    try:
        configured = json.loads(path.read_text(encoding="utf-8")).get("Environment") or {}
        return {name: str(value) for name, value in configured.items()} | dict(environment)
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def _job(settings: Mapping[str, str], base: Path) -> Job:
    return Job(
        data=[Path(_required(settings, "dataset_source"))],
        form=parse_format(_required(settings, "dataset_format")),
        output=Path(_required(settings, "output_path")),
        message=base / "output" / "message",
        metrics=base / "output" / "metrics" / "cloudwatch",
        baseline_constraints=_path(settings, "baseline_constraints"),
        baseline_statistics=_path(settings, "baseline_statistics"),
        config=_config(settings),
        preprocessor=_path(settings, "record_preprocessor_script"),
        postprocessor=_path(settings, "post_analytics_processor_script"),
        endpoint=settings.get("sagemaker_endpoint_name") or None,
        schedule=settings.get("sagemaker_monitoring_schedule_name") or None,
        window=_window(settings),
        ties_counted_once=_one_of(settings, "drift_ties", ("all", "once")) == "once",
    )


def _required(settings: Mapping[str, str], name: str) -> str:
    if not settings.get(name):
        raise ConfigurationError(
            f"The environment variable {name} is not set. To run the analyzer by hand, see `python -m mlsystem.monitor -h`"
        )
    return settings[name]


def _path(settings: Mapping[str, str], name: str) -> Path | None:
    return Path(settings[name]) if settings.get(name) else None


def _one_of(settings: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = settings.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigurationError(f"The environment variable {name} is {value!r}; allowed: {', '.join(allowed)}")
    return value


def _publishes(settings: Mapping[str, str]) -> bool:
    """Whether to call PutMetricData.

    A schedule that Model Monitor runs publishes the metrics file itself: there, put_metric_data=Disabled keeps sums
    from being counted twice.
    """
    wanted = _one_of(settings, "publish_cloudwatch_metrics", ("Disabled", "Enabled")) == "Enabled"
    return wanted and _one_of(settings, "put_metric_data", ("Enabled", "Disabled")) == "Enabled"


def _window(settings: Mapping[str, str]) -> str | None:
    start, end = settings.get("start_time"), settings.get("end_time")
    return f"{start or '?'} to {end or '?'}" if start or end else None


def _config(settings: Mapping[str, str]) -> MonitoringConfig:
    """Thresholds and methods that a baseline is to suggest; Model Monitor had no way to say so at baselining."""
    wanted = {
        "comparison_threshold": _number(settings, "comparison_threshold"),
        "comparison_method": _one_of(settings, "comparison_method", ("Robust", *COMPARISON_METHODS)),
        "categorical_comparison_threshold": _number(settings, "categorical_comparison_threshold"),
        "categorical_drift_method": _one_of(settings, "categorical_drift_method", ("", *CATEGORICAL_METHODS)) or None,
        "multiple_testing_correction": _one_of(settings, "multiple_testing_correction", ("", *CORRECTIONS)) or None,
        "minimum_sample": _whole_number(settings, "minimum_sample"),
    }
    config = changed(MonitoringConfig(), {name: value for name, value in wanted.items() if value is not None})
    for name, fault in faults(config):
        raise ConfigurationError(f"The environment variable {name} {fault}")
    return config


def _whole_number(settings: Mapping[str, str], name: str) -> int | None:
    number = _number(settings, name)
    if number is not None and not number.is_integer():
        raise ConfigurationError(f"The environment variable {name} is {settings[name]!r}, which is no whole number")
    return None if number is None else int(number)


def _number(settings: Mapping[str, str], name: str) -> float | None:
    try:
        return float(settings[name]) if settings.get(name) else None
    except ValueError as error:
        raise ConfigurationError(
            f"The environment variable {name} is {settings[name]!r}, which is no number"
        ) from error
