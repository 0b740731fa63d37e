"""All answers that a job has to judge, whatever its files hold: captures and ground truth, merged records, or tables."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mlsystem.monitor import texts
from mlsystem.monitor.errors import ConfigurationError, DatasetError, NoDataError
from mlsystem.monitor.ground_truth.merging import Merge, MergeCounts
from mlsystem.monitor.ground_truth.pairing import answer_of, answers_of
from mlsystem.monitor.ground_truth.records import merged
from mlsystem.monitor.ground_truth.tables import table_rows
from mlsystem.monitor.quality.evaluation import pairs_of
from mlsystem.monitor.quality.pairs import Pairs
from mlsystem.monitor.quality.problem import Problem, pick
from mlsystem.monitor.reading import DatasetFormat, Kind
from mlsystem.monitor.reading.capture import Preprocessor
from mlsystem.monitor.reading.files import require_files
from mlsystem.monitor.reading.lines import Json, UnreadableRecordError, lines_of
from mlsystem.monitor.unreadable import Unreadable, UnreadableTally

_PlacedRecord = tuple[str, Json]


@dataclass(frozen=True)
class Source:
    """Files and folders, and how they are to be read."""

    data: Sequence[Path]
    form: DatasetFormat
    ground_truth: Sequence[Path] = ()  # for captures that are not merged yet
    preprocess: Preprocessor | None = None
    window: str | None = None  # the span of time that the data covers, as text for messages


@dataclass(frozen=True)
class Found:
    """What was read; `merge` only if captures were merged."""

    pairs: Pairs
    unreadable: Unreadable
    merge: MergeCounts | None


def read_answers(source: Source, problem: Problem) -> Found:
    """The answers of all files. Raises NoDataError if there is none, DatasetError if none can be read,
    ConfigurationError if the formats do not fit together."""
    _require_sense(source)
    files, tally, pairs = require_files(source.data, source.window), UnreadableTally(), pairs_of(problem)
    merge = None
    try:
        if source.form.kind is Kind.CAPTURE:
            merge = Merge(files, require_files(source.ground_truth, source.window), tally)
            records = ((found.line.place, found.record) for found in merge.records())
            _collect_records(records, problem, source.preprocess, pairs, tally)
        elif source.form.kind is Kind.MERGE:
            _collect_records(_merged_records(files, tally), problem, source.preprocess, pairs, tally)
        else:
            _collect_rows(files, source.form, problem, pairs, tally)
    except (UnicodeDecodeError, csv.Error, EOFError, OSError, duckdb.Error) as error:
        raise DatasetError(f"{_listed(source.data)} cannot be read as {source.form.kind.value}: {error}") from error
    _require_answers(source, pairs, tally.result(), merge)
    return Found(pairs, tally.result(), merge.counts if merge else None)


def _require_sense(source: Source) -> None:
    kind = source.form.kind
    if kind is Kind.CAPTURE and not source.ground_truth:
        raise ConfigurationError(
            f"Captured records alone do not tell how good a model is: give the ground truth, or merged records ({Kind.MERGE.value})"
        )
    if kind is not Kind.CAPTURE and source.ground_truth:
        raise ConfigurationError(f"Ground truth is merged with {Kind.CAPTURE.value}, and the data are {kind.value}")
    if source.preprocess and not kind.has_records:
        raise ConfigurationError(f"A preprocessor script takes records, and the data are {kind.value}: leave it out")


def _merged_records(files: Sequence[Path], tally: UnreadableTally) -> Iterator[_PlacedRecord]:
    for line in lines_of(files):
        try:
            yield line.place, merged(line.text)
        except UnreadableRecordError as error:
            tally.add(f"{line.place}: {error}")


def _collect_records(
    records: Iterator[_PlacedRecord],
    problem: Problem,
    preprocess: Preprocessor | None,
    pairs: Pairs,
    tally: UnreadableTally,
) -> None:
    for place, record in records:
        try:
            pairs.add(answers_of(record, problem, preprocess))
        except ValueError as error:
            tally.add(f"{place}: {error}")


def _collect_rows(
    files: Sequence[Path], form: DatasetFormat, problem: Problem, pairs: Pairs, tally: UnreadableTally
) -> None:
    if problem.ground_truth is None:
        raise ConfigurationError(
            f"Data of {form.kind.value} need a ground_truth_attribute: the column of what turned out"
        )
    for place, row in table_rows(files, form, tally):
        try:
            pairs.add([answer_of(problem, row, pick(row, problem.ground_truth))])
        except ValueError as error:
            tally.add(f"{place}: {error}")


def _require_answers(source: Source, pairs: Pairs, unreadable: Unreadable, merge: Merge | None) -> None:
    if len(pairs):
        return
    if unreadable.count:
        raise DatasetError(
            f"{_listed(source.data)} cannot be read as {source.form.kind.value}: not one of {unreadable.count} rows. "
            f"{unreadable.examples[0]}"
        )
    raise NoDataError(
        texts.no_data(
            _listed(source.data), "holds nothing to judge" if merge is None else unmatched(merge), source.window
        )
    )


def unmatched(merge: Merge) -> str:
    """What there is, if nothing could be merged."""
    counts = merge.counts
    return f"holds {counts.captures} captures, and none of them is among {counts.ground_truths} lines of ground truth"


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)
