"""One analysis, from the data to the files: profile it, suggest constraints, check it against the baseline if any."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mlsystem.monitor import texts
from mlsystem.monitor.baseline import CONSTRAINTS, STATISTICS, file_of, read_baseline, require_readable
from mlsystem.monitor.constraints import Constraints, MonitoringConfig, suggest_constraints
from mlsystem.monitor.constraints_document import constraints_document
from mlsystem.monitor.errors import ConfigurationError
from mlsystem.monitor.jackson import write
from mlsystem.monitor.joining import join_baseline
from mlsystem.monitor.metrics import metric_data
from mlsystem.monitor.output_files import remove_file, write_file
from mlsystem.monitor.profile import DatasetProfile, feature_profile
from mlsystem.monitor.publishing import Publisher, dimensions_of, emit
from mlsystem.monitor.reading import Dataset, DatasetFormat, open_dataset
from mlsystem.monitor.report.evidence import Evidence, Run, gather
from mlsystem.monitor.report.evidence_document import evidence_document
from mlsystem.monitor.report_files import PAGE, VIOLATIONS, write_report
from mlsystem.monitor.run_folders import EVIDENCE, VERDICTS
from mlsystem.monitor.scripts import load_preprocessor, run_postprocessor
from mlsystem.monitor.statistics_document import statistics_document
from mlsystem.monitor.unusual_rows import UnusualRows
from mlsystem.monitor.verdicts import Verdict, verdicts_document
from mlsystem.monitor.violations import CheckResult, check, violations_document

# Those of an earlier check, and its message: were this one to fail, they would pass for its own.
_OF_A_CHECK = VIOLATIONS, VERDICTS, EVIDENCE, PAGE
ROWS_SEARCHED = 100_000  # for unusual ones: to look at each of millions would take as long as all the rest


@dataclass(frozen=True)
class Job:
    """What to analyse, against what, and where everything goes."""

    data: Sequence[Path]
    form: DatasetFormat
    output: Path  # the folder of the reports
    message: Path  # the file of the exit message
    metrics: Path  # the folder of the metrics file
    baseline_constraints: Path | None = None
    baseline_statistics: Path | None = None
    config: MonitoringConfig = field(default_factory=MonitoringConfig)  # of the constraints that are suggested
    preprocessor: Path | None = None
    postprocessor: Path | None = None
    endpoint: str | None = None
    schedule: str | None = None
    window: str | None = None  # the span of time that the data covers, as text for messages
    source: str | None = None  # what the report calls the data, where its files are not called so
    ties_counted_once: bool = False
    newest: int | None = None  # of captured records, only so many
    joined: Path | None = None  # the folder of a baseline whose features come behind those of the one that is made


@dataclass(frozen=True)
class Analysis:
    """What came out of a job."""

    profile: DatasetProfile
    suggested: Constraints
    evaluated: Constraints  # the baseline's, or without one those that are suggested
    result: CheckResult
    baseline: DatasetProfile | None = None  # its statistics
    unusual: UnusualRows | None = None  # rows of the data


def run(job: Job, publisher: Publisher | None, now: Callable[[], datetime]) -> Analysis:
    """Does the job, and writes its files and its exit message. Raises MonitorError; the caller reports that."""
    for path in (job.message, *(job.output / name for name in _OF_A_CHECK)):
        remove_file(path)
    analysis, timestamp = _analyse(job), now()
    _write_reports(job, analysis, timestamp)
    _emit_metrics(job, analysis, publisher, timestamp)
    if job.postprocessor:
        run_postprocessor(job.postprocessor)
    verdicts = analysis.result.verdict.features if analysis.result.verdict else ()
    unknown = sum(one.verdict is Verdict.CANNOT_TELL for one in verdicts)
    write_file(job.message, texts.completed(len(analysis.result.violations), unknown, len(verdicts)))
    return analysis


def _spare_the_baseline(job: Job) -> None:
    """Raises ConfigurationError if the reports would take the place of the baseline: whatever came next would pass."""
    for name, path in ((CONSTRAINTS, job.baseline_constraints), (STATISTICS, job.baseline_statistics)):
        if path and os.path.realpath(file_of(path, name)) == os.path.realpath(job.output / name):
            raise ConfigurationError(f"{job.output} holds the baseline: the reports of a check need another folder")


def _analyse(job: Job) -> Analysis:
    baseline = read_baseline(job.baseline_constraints, job.baseline_statistics)
    _spare_the_baseline(job)
    preprocess = load_preprocessor(job.preprocessor) if job.preprocessor else None
    expected = {feature.name: feature.inferred_type for feature in baseline.constraints.features} if baseline else {}
    with open_dataset(
        job.data, job.form, expected=expected, preprocess=preprocess, window=job.window, newest=job.newest
    ) as dataset:
        current = _profile(dataset)
        unusual = _unusual_rows(dataset, baseline.statistics) if baseline else None
    suggested = suggest_constraints(current, job.config)
    if baseline is None:
        require_readable(current.unreadable, current.item_count)
        return Analysis(current, suggested, suggested, CheckResult((), {}))
    result = check(current, baseline.constraints, baseline.statistics, ties_counted_once=job.ties_counted_once)
    return Analysis(current, suggested, baseline.constraints, result, baseline.statistics, unusual)


def _profile(dataset: Dataset) -> DatasetProfile:
    """Columns do not depend on each other: there are as many at work as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        features = pool.map(lambda column: feature_profile(column, dataset.row_count), dataset.columns)
        return DatasetProfile(dataset.row_count, tuple(features), dataset.unreadable, dataset.records)


def _unusual_rows(dataset: Dataset, baseline: DatasetProfile) -> UnusualRows:
    """The most unusual rows; of very many, among some that are spread evenly."""
    found = UnusualRows(baseline)
    numeric = {feature.name: feature.numerical is not None for feature in baseline.features}
    for skipped, block in dataset.sample(numeric, ROWS_SEARCHED):
        found.skip(skipped)
        found.update(block)
    return found


def _write_reports(job: Job, analysis: Analysis, timestamp: datetime) -> None:
    documents = {
        STATISTICS: statistics_document(analysis.profile),
        CONSTRAINTS: constraints_document(analysis.suggested),
        VIOLATIONS: violations_document(analysis.result.violations),
    }
    if job.joined:
        join_baseline(documents, job.joined)
    if analysis.result.verdict:
        documents[VERDICTS] = verdicts_document(analysis.result.verdict, analysis.profile.records)
        documents[EVIDENCE] = evidence_document(_evidence(job, analysis, timestamp))
    for name, document in documents.items():
        write_file(job.output / name, write(document))
    if analysis.result.verdict:
        write_report(job.output)


def _evidence(job: Job, analysis: Analysis, timestamp: datetime) -> Evidence:
    """What the page shows besides the verdicts."""
    source = job.source or ", ".join(map(str, job.data))
    compared = [feature.feature for feature in analysis.result.verdict.features] if analysis.result.verdict else []
    others = [feature.name for feature in analysis.evaluated.features if feature.name not in set(compared)]
    return gather(
        Run(timestamp.isoformat(), source, job.window, job.endpoint, job.schedule),
        analysis.baseline or DatasetProfile(0, ()),
        analysis.profile,
        compared,
        others,
        analysis.unusual.worst() if analysis.unusual else None,
        analysis.unusual.searched if analysis.unusual else 0,
    )


def _emit_metrics(job: Job, analysis: Analysis, publisher: Publisher | None, timestamp: datetime) -> None:
    dimensions = dimensions_of(job.endpoint, job.schedule)
    data = metric_data(analysis.profile, analysis.evaluated, analysis.result.drifts, dimensions, timestamp)
    namespace = texts.METRIC_NAMESPACE if job.endpoint else texts.METRIC_NAMESPACE_WITHOUT_ENDPOINT
    emit(data, job.metrics, publisher, namespace)
