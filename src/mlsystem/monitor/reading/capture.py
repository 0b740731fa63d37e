"""Captured invocations (data capture's JSON lines) as rows: the columns of the outputs beside those of the inputs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice, zip_longest
from pathlib import Path

from mlsystem.monitor.reading.bodies import body_rows
from mlsystem.monitor.reading.files import names_for_duckdb
from mlsystem.monitor.reading.lines import Line, UnreadableRecordError, captured, lines_of
from mlsystem.monitor.reading.plain_rows import PlainRows
from mlsystem.monitor.reading.records import InferenceRecord, inference_record
from mlsystem.monitor.reading.rows import Row, RowFile, cell
from mlsystem.monitor.unreadable import UnreadableTally

_FIRST_RECORDS = 100


# What a user's preprocess_handler makes of a record: no, one or several rows of flat values.
Preprocessor = Callable[[InferenceRecord], Sequence[Mapping[str, object]]]


def capture_rows(files: Sequence[Path], parts: Sequence[str]) -> PlainRows | None:
    """The records of all files as rows that may be plain, if one of the first has a row of cells on each side."""
    widths = _plain_widths(files[0], parts)
    if widths is None:
        return None
    structure = ", ".join(f"{part} STRUCT(data VARCHAR, encoding VARCHAR)" for part in parts)
    encoded = " AND ".join(f"captureData.{part}.encoding = 'CSV'" for part in parts)
    bodies = " || ',' || ".join(f"captureData.{part}.data" for part in parts)
    relation = (
        f"(SELECT CASE WHEN {encoded} THEN {bodies} END AS row FROM read_json(?, format = 'newline_delimited', "  # noqa: S608
        f"ignore_errors = true, columns = {{captureData: 'STRUCT({structure})'}}))"
    )
    ends = frozenset(sum(widths[: place + 1]) - 1 for place in range(len(widths)))
    return PlainRows(relation, [names_for_duckdb(files)], [""] * sum(widths), ends)


def _plain_widths(file: Path, parts: Sequence[str]) -> list[int] | None:
    """How many cells each body has in the first record that has one row on each side; None if it is not among the first."""
    for line in islice(lines_of([file]), _FIRST_RECORDS):
        try:
            sides = _sides(captured(line.text), parts)
        except UnreadableRecordError:
            return None
        if all(len(side) == 1 and not isinstance(side[0], Mapping) for side in sides):
            return [len(side[0]) for side in sides]
    return None


def write_capture(
    files: Sequence[Path],
    parts: Sequence[str],
    folder: Path,
    preprocess: Preprocessor | None,
    tally: UnreadableTally,
) -> tuple[list[RowFile], int, int]:
    """The records of all files as row files (one a part, or one in all if there is a preprocessor), how many rows these
    have, and how many records there were.

    Rows of an output and an input with the same number belong together. Where one side has fewer, the rest of its
    cells are missing, which the completeness check then reports. Records that cannot be read go to the tally.
    """
    with ExitStack() as stack:
        names = parts if preprocess is None else ("records",)
        row_files = [stack.enter_context(RowFile(folder / f"{name}.csv")) for name in names]
        count = records = 0
        for line in lines_of(files):
            records += 1
            for rows in _rows(line, parts, preprocess, tally):
                count += 1
                for row_file, row in zip(row_files, rows, strict=True):
                    row_file.write(row or [])
        return row_files, count, records


def _rows(
    line: Line, parts: Sequence[str], preprocess: Preprocessor | None, tally: UnreadableTally
) -> Sequence[Sequence[Row | None]]:
    """Those of one record; none if it cannot be read."""
    try:
        return _read(captured(line.text), parts, preprocess)
    except ValueError as error:
        tally.add(f"{line.place}: {error}", is_text=line.is_text)
        return ()


def _read(
    record: Mapping[str, object], parts: Sequence[str], preprocess: Preprocessor | None
) -> list[Sequence[Row | None]]:
    if preprocess is not None:
        return [[_flat_row(row)] for row in preprocess(inference_record(record))]
    return list(zip_longest(*_sides(record, parts)))


def _sides(record: Mapping[str, object], parts: Sequence[str]) -> list[list[Row]]:
    """The rows of each part."""
    data = record["captureData"]
    bodies = [data.get(part) for part in parts] if isinstance(data, dict) else []
    if not all(isinstance(body, Mapping) for body in bodies if body):
        raise UnreadableRecordError(f"{_event(record)}: a body is no object")
    try:
        return _match_lengths([body_rows(body) if body else [] for body in bodies])
    except (ValueError, RecursionError) as error:
        raise UnreadableRecordError(f"{_event(record)}: {error}") from error


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
