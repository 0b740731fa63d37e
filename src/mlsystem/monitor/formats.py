"""The formats of data as the command line names them, and the guess where it names none."""

from collections.abc import Sequence
from pathlib import Path

from mlsystem.monitor.errors import ConfigurationError
from mlsystem.monitor.reading import Kind
from mlsystem.monitor.reading.files import find_files
from mlsystem.monitor.reading.lines import lines_of

KINDS = {
    "csv": Kind.CSV,
    "json": Kind.JSON_LINES,
    "parquet": Kind.PARQUET,
    "capture": Kind.CAPTURE,
    "merge": Kind.MERGE,
}
_SUFFIXES = {".csv": Kind.CSV, ".parquet": Kind.PARQUET, ".jsonl": Kind.JSON_LINES, ".json": Kind.JSON_LINES}


def guess(data: Sequence[Path]) -> Kind:
    """The kind of the first file; what a name does not tell is asked for, not assumed. Raises ConfigurationError, DatasetError."""
    files = find_files(data)
    if not files:
        return Kind.CSV  # there is nothing to read, and the run says so
    suffixes = [suffix for suffix in files[0].suffixes if suffix in _SUFFIXES]
    if not suffixes:
        raise ConfigurationError(f"The name of {files[0]} does not tell its format: say --format")
    kind = _SUFFIXES[suffixes[-1]]
    return _records(files[0]) or kind if kind is Kind.JSON_LINES else kind


def _records(file: Path) -> Kind | None:
    """The kind of records that the first line is of, if it is one."""
    first = next(lines_of([file]), None)
    if first is None or b'"captureData"' not in first.text:
        return None
    return Kind.MERGE if b'"groundTruthData"' in first.text else Kind.CAPTURE
