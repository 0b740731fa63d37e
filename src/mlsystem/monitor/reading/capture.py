"""Captured invocations (data capture's JSON lines) as rows: the columns of the outputs beside those of the inputs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

from mlsystem.monitor.errors import DatasetError
from mlsystem.monitor.reading.bodies import body_rows
from mlsystem.monitor.reading.records import InferenceRecord, inference_record
from mlsystem.monitor.reading.rows import Row, RowFile, cell

# What a user's preprocess_handler makes of a record: no, one or several rows of flat values.
Preprocessor = Callable[[InferenceRecord], Sequence[Mapping[str, object]]]


def write_capture(
    files: Sequence[Path], parts: Sequence[str], folder: Path, preprocess: Preprocessor | None
) -> tuple[list[RowFile], int]:
    """The records of all files as row files (one a part, or one in all if there is a preprocessor), and their rows.

    Rows of an output and an input with the same number belong together. Where one side has fewer, the rest of its
    cells are missing, which the completeness check then reports. Raises DatasetError, naming file and line.
    """
    with ExitStack() as stack:
        names = parts if preprocess is None else ("records",)
        row_files = [stack.enter_context(RowFile(folder / f"{name}.csv")) for name in names]
        count = 0
        for record, place in _records(files):
            for rows in _rows(record, parts, preprocess, place):
                count += 1
                for row_file, row in zip(row_files, rows, strict=True):
                    row_file.write(row or [])
        return row_files, count


def _records(files: Sequence[Path]) -> Iterator[tuple[Mapping[str, object], str]]:
    for path in files:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _parse(line, f"{path}:{number}"), f"{path}:{number}"


def _parse(line: str, place: str) -> Mapping[str, object]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise DatasetError(f"{place} is not a line of JSON: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("captureData"), dict):
        raise DatasetError(f"{place} is not a captured invocation: it has no captureData")
    return record


def _rows(
    record: Mapping[str, object], parts: Sequence[str], preprocess: Preprocessor | None, place: str
) -> Iterator[Sequence[Row | None]]:
    if preprocess is not None:
        return ([_flat_row(row)] for row in preprocess(inference_record(record)))
    captured = record["captureData"]
    bodies = [captured.get(part) for part in parts] if isinstance(captured, dict) else []
    try:
        sides = [body_rows(body) if body else [] for body in bodies]
    except ValueError as error:
        raise DatasetError(f"{place} ({_event(record)}): {error}") from error
    return zip_longest(*_match_lengths(sides))


def _event(record: Mapping[str, object]) -> str:
    metadata = record.get("eventMetadata")
    return f"event {metadata.get('eventId')}" if isinstance(metadata, dict) else "no event id"


def _match_lengths(sides: list[list[Row]]) -> list[list[Row]]:
    """One line of n values that answers n rows is n rows of one value: so answer some of SageMaker's own containers."""
    rows = max(len(side) for side in sides)
    return [
        [[value] for value in side[0]] if len(side) == 1 < rows and _has_cells(side[0], rows) else side
        for side in sides
    ]


def _has_cells(row: Row, count: int) -> bool:
    return not isinstance(row, Mapping) and len(row) == count


def _flat_row(row: Mapping[str, object]) -> Row:
    """A preprocessor's row. Names that are numbers, such as "00000000000000000002", are positions."""
    if row and all(name.isdecimal() for name in row):
        return [cell(row[name]) for name in sorted(row, key=int)]
    return {name: cell(value) for name, value in row.items()}
