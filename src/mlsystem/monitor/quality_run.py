"""One analysis of a model's quality, from the answers and what turned out to the files; or the merging of both alone."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from mlsystem.monitor import texts
from mlsystem.monitor.baseline import CONSTRAINTS, STATISTICS, read_document, require_readable
from mlsystem.monitor.errors import BaselineError, ConfigurationError, DatasetError, NoDataError, OutputError
from mlsystem.monitor.ground_truth.answers import Found, Source, read_answers, unmatched
from mlsystem.monitor.ground_truth.merging import Merge, MergeCounts, write_merged
from mlsystem.monitor.jackson import write
from mlsystem.monitor.output_files import remove_file, write_file
from mlsystem.monitor.publishing import Publisher, dimensions_of, emit
from mlsystem.monitor.quality.constraints import (
    QualityConstraints,
    parse_quality_constraints,
    quality_constraints_document,
    suggest_quality_constraints,
)
from mlsystem.monitor.quality.evaluation import Quality, UndefinedProblemError, evaluate
from mlsystem.monitor.quality.metric_data import quality_metric_data
from mlsystem.monitor.quality.problem import Problem, ProblemType
from mlsystem.monitor.quality.quality_document import quality_document
from mlsystem.monitor.quality.statistics_document import (
    QualityStatistics,
    parse_quality_statistics,
    quality_statistics_document,
)
from mlsystem.monitor.quality.verdicts import ModelVerdict, decide_quality
from mlsystem.monitor.quality.violations import Violations, quality_violations, quality_violations_document
from mlsystem.monitor.reading import DatasetFormat
from mlsystem.monitor.reading.files import require_files
from mlsystem.monitor.report_files import VIOLATIONS
from mlsystem.monitor.scripts import load_preprocessor, run_postprocessor
from mlsystem.monitor.unreadable import Unreadable, UnreadableTally

QUALITY = "quality.json"


@dataclass(frozen=True)
class QualityJob:
    """What to judge, against what, and where everything goes."""

    data: Sequence[Path]
    form: DatasetFormat
    problem: Problem
    output: Path  # the folder of the reports
    message: Path  # the file of the exit message
    metrics: Path  # the folder of the metrics file
    ground_truth: Sequence[Path] = ()  # for captures that are not merged yet
    baseline_constraints: Path | None = None  # None: the run makes a baseline
    baseline_statistics: Path | None = None
    preprocessor: Path | None = None
    postprocessor: Path | None = None
    endpoint: str | None = None
    schedule: str | None = None
    window: str | None = None  # the span of time that the data covers, as text for messages


@dataclass(frozen=True)
class MergeJob:
    """What to merge, and where the merged records go."""

    data: Path
    ground_truth: Path
    output: Path
    message: Path
    window: str | None = None


@dataclass(frozen=True)
class QualityAnalysis:
    """What came out of a job. Without a baseline there is no verdict."""

    quality: Quality
    unreadable: Unreadable
    merge: MergeCounts | None
    violations: Violations = ()
    verdict: ModelVerdict | None = None


def run_quality(job: QualityJob, publisher: Publisher | None, now: Callable[[], datetime]) -> QualityAnalysis:
    """Does the job, and writes its files and its exit message. Raises MonitorError; the caller reports that."""
    # Were this run to fail, an earlier one's would pass for its own.
    for path in (job.message, job.output / VIOLATIONS, job.output / QUALITY):
        remove_file(path)
    analysis, timestamp = _analyse(job), now()
    _write_reports(job, analysis, timestamp)
    _emit_metrics(job, analysis.quality, publisher, timestamp)
    if job.postprocessor:
        run_postprocessor(job.postprocessor)
    write_file(job.message, texts.completed(len(analysis.violations)))
    return analysis


def _analyse(job: QualityJob) -> QualityAnalysis:
    fault = job.problem.fault()
    if fault:
        raise ConfigurationError(f"{job.problem.type.value} {fault}")
    constraints, statistics = _read_baseline(job)
    found = _read(job)
    try:
        quality = evaluate(job.problem, found.pairs)
    except UndefinedProblemError as error:
        raise DatasetError(f"{', '.join(map(str, job.data))} cannot be judged: {error}") from error
    if constraints is None:
        require_readable(found.unreadable, quality.rows)
        return QualityAnalysis(quality, found.unreadable, found.merge)
    verdict = decide_quality(quality, constraints, statistics, found.unreadable)
    violations = quality_violations(quality, constraints)
    return QualityAnalysis(quality, found.unreadable, found.merge, violations, verdict)


def _read_baseline(job: QualityJob) -> tuple[QualityConstraints | None, QualityStatistics | None]:
    kind = job.problem.type
    if job.baseline_constraints is None:
        if job.baseline_statistics is not None:
            raise BaselineError(
                f"There are baseline statistics ({job.baseline_statistics}), but no baseline constraints to check"
            )
        return None, None
    constraints = read_document(job.baseline_constraints, CONSTRAINTS, partial(parse_quality_constraints, kind=kind))
    return constraints, _read_statistics(job.baseline_statistics, kind)


def _read_statistics(path: Path | None, kind: ProblemType) -> QualityStatistics | None:
    return read_document(path, STATISTICS, partial(parse_quality_statistics, kind=kind)) if path else None


def _read(job: QualityJob) -> Found:
    preprocess = load_preprocessor(job.preprocessor) if job.preprocessor else None
    return read_answers(Source(job.data, job.form, job.ground_truth, preprocess, job.window), job.problem)


def _write_reports(job: QualityJob, analysis: QualityAnalysis, timestamp: datetime) -> None:
    quality, verdict = analysis.quality, analysis.verdict
    documents: dict[str, object] = {
        STATISTICS: quality_statistics_document(quality, timestamp),
        CONSTRAINTS: quality_constraints_document(suggest_quality_constraints(quality)),
        VIOLATIONS: quality_violations_document(analysis.violations),
    }
    if verdict:
        merge = asdict(analysis.merge) if analysis.merge else None
        documents[QUALITY] = quality_document(quality, verdict, analysis.unreadable, merge)
    for name, document in documents.items():
        write_file(job.output / name, write(document))


def _emit_metrics(job: QualityJob, quality: Quality, publisher: Publisher | None, timestamp: datetime) -> None:
    data = list(quality_metric_data(quality, dimensions_of(job.endpoint, job.schedule), timestamp))
    namespace = texts.QUALITY_NAMESPACE if job.endpoint else texts.QUALITY_NAMESPACE_WITHOUT_ENDPOINT
    emit(data, job.metrics, publisher, namespace)


def merge(job: MergeJob) -> MergeCounts:
    """Merges captures and ground truth into files of merged records. Raises MonitorError.

    Nothing merged, or more unreadable records than one in a hundred, is a failure: what comes next would judge a part.
    """
    remove_file(job.message)
    captures = require_files([job.data], job.window)
    tally = UnreadableTally()
    found = Merge(captures, require_files([job.ground_truth], job.window), tally)
    try:
        write_merged(found, job.data, job.output)
    except OSError as error:
        raise OutputError(f"{job.output} cannot be written: {error}") from error
    counts, unreadable = found.counts, tally.result()
    if not unreadable.is_tolerable(counts.captures + counts.ground_truths):
        raise DatasetError(unreadable.sentence(counts.captures + counts.ground_truths))
    if not counts.merged:
        raise NoDataError(texts.no_data(str(job.data), unmatched(found), job.window))
    write_file(job.message, texts.completed(0))
    return counts
