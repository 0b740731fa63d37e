"""The jobs that the environment variables of a container describe, where they are about a model's quality."""

from pathlib import Path

from mlsystem.monitor.quality.problem import DEFAULT_THRESHOLD, Problem, ProblemType
from mlsystem.monitor.quality_run import MergeJob, QualityJob
from mlsystem.monitor.reading import parse_format
from mlsystem.monitor.settings import Settings, number, one_of, path_in, required, window


def quality_job(settings: Settings, base: Path) -> QualityJob:
    """The job of `analysis_type` MODEL_QUALITY. Raises ConfigurationError."""
    truth = path_in(settings, "ground_truth_source")
    return QualityJob(
        data=[Path(required(settings, "dataset_source"))],
        form=parse_format(required(settings, "dataset_format")),
        problem=_problem(settings),
        output=Path(required(settings, "output_path")),
        message=base / "output" / "message",
        metrics=base / "output" / "metrics" / "cloudwatch",
        ground_truth=[truth] if truth else [],
        baseline_constraints=path_in(settings, "baseline_constraints"),
        baseline_statistics=path_in(settings, "baseline_statistics"),
        preprocessor=path_in(settings, "record_preprocessor_script"),
        postprocessor=path_in(settings, "post_analytics_processor_script"),
        endpoint=settings.get("sagemaker_endpoint_name") or None,
        schedule=settings.get("sagemaker_monitoring_schedule_name") or None,
        window=window(settings),
    )


def merge_job(settings: Settings, base: Path) -> MergeJob:
    """The job of the original's merge container. Raises ConfigurationError."""
    return MergeJob(
        data=Path(required(settings, "dataset_source")),
        ground_truth=Path(required(settings, "ground_truth_source")),
        output=Path(required(settings, "output_path")),
        message=base / "output" / "message",
        window=window(settings),
    )


def _problem(settings: Settings) -> Problem:
    required(settings, "problem_type")
    threshold = number(settings, "probability_threshold_attribute")
    return Problem(
        type=ProblemType(one_of(settings, "problem_type", tuple(kind.value for kind in ProblemType))),
        inference=settings.get("inference_attribute") or None,
        probability=settings.get("probability_attribute") or None,
        threshold=DEFAULT_THRESHOLD if threshold is None else threshold,
        ground_truth=settings.get("ground_truth_attribute") or None,
        positive_label=settings.get("positive_label") or None,
    )
