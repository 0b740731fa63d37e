"""Opening a dataset: finds its files, and has DuckDB load them in the format that they are said to be in."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from mlsystem.monitor import texts
from mlsystem.monitor.errors import ConfigurationError, DatasetError, NoDataError
from mlsystem.monitor.reading.capture import Preprocessor, write_capture
from mlsystem.monitor.reading.csv_files import load_csv
from mlsystem.monitor.reading.dataset import Dataset
from mlsystem.monitor.reading.flattening import flat_columns
from mlsystem.monitor.reading.format import DatasetFormat, Kind
from mlsystem.monitor.reading.table import Table

_TABLE = "dataset"
# Text that looks like a date is text: so no value matches these, and DuckDB leaves it as it stands.
_NO_DATES = "dateformat = '(no date) %Y', timestampformat = '(no time) %Y'"
# The functions that read a list of files (first parameter), by the names of their columns (second: if several).
_READERS = {
    Kind.PARQUET: "read_parquet($1, union_by_name = $2)",
    Kind.JSON_LINES: f"read_json($1, union_by_name = $2, format = 'newline_delimited', sample_size = -1, {_NO_DATES})",
}


@contextmanager
def open_dataset(
    paths: Sequence[Path],
    form: DatasetFormat,
    *,
    preprocess: Preprocessor | None = None,
    window: str | None = None,
) -> Iterator[Dataset]:
    """The dataset in these files and folders. Raises NoDataError if they hold no row, DatasetError if unreadable,
    ConfigurationError for a preprocessor where there are no records.

    `window` is the span of time that the data should cover, for the message only.
    """
    if preprocess and form.kind is not Kind.CAPTURE:
        raise ConfigurationError(
            f"A preprocessor script takes captured records, and the dataset_format is {form.kind.value}: leave it out"
        )
    source = ", ".join(str(path) for path in paths)
    files = find_files(paths)
    if not files:
        raise NoDataError(texts.no_data(source, "holds no file" if _exists(paths) else "does not exist", window))
    try:
        with tempfile.TemporaryDirectory(prefix="monitor-") as folder, _connect(folder) as connection:
            dataset = _load(connection, files, form, Path(folder), preprocess)
            if dataset.row_count == 0:
                raise NoDataError(texts.no_data(source, f"holds {len(files)} file(s) without a row", window))
            yield dataset
    except duckdb.Error as error:
        raise DatasetError(f"{source} cannot be read as {form.kind.value}: {_first_lines(error)}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{source} cannot be read as {form.kind.value}: {error}") from error


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files of a dataset, in the order of their names: those given, and all below the folders given.

    Empty files hold nothing, and names that begin with a dot or an underscore mark what tools leave behind.
    """
    found = []
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [file for file in below if file.is_file() and file.name[0] not in "._" and file.stat().st_size > 0]
    return found


def _exists(paths: Sequence[Path]) -> bool:
    return any(path.exists() for path in paths)


def _connect(folder: str) -> DuckDBPyConnection:
    """A database in memory that spills into the folder, and never fetches an extension from the network."""
    return duckdb.connect(config={"temp_directory": folder, "autoinstall_known_extensions": False})


def _load(
    connection: DuckDBPyConnection,
    files: Sequence[Path],
    form: DatasetFormat,
    folder: Path,
    preprocess: Preprocessor | None,
) -> Dataset:
    if form.kind is Kind.CAPTURE:
        row_files, count = write_capture(files, form.parts, folder, preprocess)
        tables = [row_file.load(connection, f"part{index}") for index, row_file in enumerate(row_files)]
        return Dataset([table for table in tables if table is not None], count)
    if form.kind is Kind.CSV:
        scalars = load_csv(connection, _TABLE, files, form.has_header)
    else:
        create = f"CREATE TEMP TABLE {_TABLE} AS SELECT * FROM {_READERS[form.kind]}"  # noqa: S608
        connection.execute(create, [[str(path) for path in files], len(files) > 1])
        scalars = flat_columns(connection, _TABLE)
    table = Table(connection, _TABLE, scalars)
    return Dataset([table], table.count_rows())


def _first_lines(error: duckdb.Error) -> str:
    """What DuckDB says, without the long list of its options."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3] + [line for line in lines[3:] if line.startswith("file = ")])
