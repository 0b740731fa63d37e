"""Opening a dataset: finds its files, and has DuckDB load them in the format that they are said to be in."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from mlsystem.monitor import texts
from mlsystem.monitor.errors import ConfigurationError, DatasetError, NoDataError
from mlsystem.monitor.reading import kinds
from mlsystem.monitor.reading.capture import Preprocessor, capture_rows, write_capture
from mlsystem.monitor.reading.csv_files import count_rejected, csv_rows, csv_source
from mlsystem.monitor.reading.dataset import Dataset, TableColumn, names_of_columns
from mlsystem.monitor.reading.files import names_for_duckdb, require_files
from mlsystem.monitor.reading.flattening import flat_columns
from mlsystem.monitor.reading.format import DatasetFormat, Kind
from mlsystem.monitor.reading.json_lines import readable_lines
from mlsystem.monitor.reading.newest import newest_records
from mlsystem.monitor.reading.plain_rows import PlainRows, UnevenRowsError, load_plain
from mlsystem.monitor.reading.table import COLUMNS_AT_ONCE, Field, count_rows, count_types
from mlsystem.monitor.reading.text_source import Need, TextSource, load_text
from mlsystem.monitor.types import InferredType, TypeCounts
from mlsystem.monitor.unreadable import UnreadableTally

_TABLE = "dataset"
# Beyond the first DuckDB works on disk. It holds 32 KB of each column while it reads, so that some thousand columns take more.
_MEMORY = ("256MB", "1GB", "4GB")
_MEMORY_OF_WIDE = "128MB"  # once data of many columns are loaded: then a profile of each takes the rest
# Text that looks like a date is text: so no value matches these, and DuckDB leaves it as it stands.
_NO_DATES = "dateformat = '(no date) %Y', timestampformat = '(no time) %Y'"
# The functions that read a list of files (first parameter), by the names of their columns (second: if several).
_READERS = {
    Kind.PARQUET: "read_parquet($1, union_by_name = $2, hive_partitioning = false)",
    Kind.JSON_LINES: (
        f"read_json($1, union_by_name = $2, hive_partitioning = false, format = 'newline_delimited', records = 'true', {_NO_DATES}, "
        # A column for each key, however many there are and however few rows have it.
        "sample_size = -1, map_inference_threshold = -1, field_appearance_threshold = 0)"
    ),
}

_Found = tuple[str, Field, TypeCounts]  # a column: its name, where it is, what its values look like


@contextmanager
def open_dataset(
    paths: Sequence[Path],
    form: DatasetFormat,
    *,
    expected: Mapping[str, InferredType] | None = None,
    preprocess: Preprocessor | None = None,
    window: str | None = None,
    newest: int | None = None,
) -> Iterator[Dataset]:
    """The dataset in these files and folders. Raises NoDataError if they hold no row, DatasetError if unreadable,
    ConfigurationError for a preprocessor or a number of newest records where there are no records.

    `expected` holds the baseline's names and types in its order: columns get the statistics that these types need, too.
    `window` is the span of time that the data should cover, for the message only.
    """
    for what, is_given in (("A preprocessor script", preprocess), ("newest_records", newest is not None)):
        if is_given and not form.kind.has_records:
            raise ConfigurationError(
                f"{what} takes captured records, and the dataset_format is {form.kind.value}: leave it out"
            )
    source = ", ".join(str(path) for path in paths)
    files = require_files(paths, window)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-")))
            files, left_out = (files, 0) if newest is None else newest_records(files, newest, folder)

            def load(memory: str) -> Dataset:
                connection = stack.enter_context(_connect(folder, memory))
                loader = _Loader(connection, folder, expected or {}, UnreadableTally(str(folder)), left_out)
                return loader.load(files, form, preprocess)

            dataset = _with_enough_memory(load)
            if dataset.row_count == 0 and dataset.unreadable.count:
                raise DatasetError(_nothing_readable(source, form, dataset))
            if dataset.row_count == 0:
                raise NoDataError(texts.no_data(source, f"holds {len(files)} file(s) without a row", window))
            yield dataset
    except duckdb.Error as error:
        raise DatasetError(f"{source} cannot be read as {form.kind.value}: {_first_lines(error)}") from error
    except OSError as error:
        raise DatasetError(f"{source} cannot be read as {form.kind.value}: {error}") from error


def _nothing_readable(source: str, form: DatasetFormat, dataset: Dataset) -> str:
    return (
        f"{source} cannot be read as {form.kind.value}: not one of {dataset.unreadable.count} rows. "
        f"{dataset.unreadable.examples[0]}"
    )


def _with_enough_memory(load: Callable[[str], Dataset]) -> Dataset:
    """What `load` gives, with the first limit that is not too small for it."""
    for memory in _MEMORY[:-1]:
        try:
            return load(memory)
        except duckdb.OutOfMemoryException:
            continue
    return load(_MEMORY[-1])


def _connect(folder: Path, memory: str) -> DuckDBPyConnection:
    """A database in memory that spills into the folder, and never fetches an extension from the network."""
    return duckdb.connect(
        config={"temp_directory": str(folder), "memory_limit": memory, "autoinstall_known_extensions": False}
    )


@dataclass(frozen=True)
class _Loader:
    """Loads files into a database."""

    connection: DuckDBPyConnection
    folder: Path
    expected: Mapping[str, InferredType]
    tally: UnreadableTally
    left_out: int  # captured records that are older than those that are wanted

    def load(self, files: Sequence[Path], form: DatasetFormat, preprocess: Preprocessor | None) -> Dataset:
        match form.kind:
            case Kind.CAPTURE | Kind.MERGE:
                return self._captured(files, form, preprocess)
            case Kind.CSV:
                return self._csv(files, form)
            case Kind.PARQUET:
                return self._typed(files, form.kind)
            case Kind.JSON_LINES:
                return self._json_lines(files)

    def _csv(self, files: Sequence[Path], form: DatasetFormat) -> Dataset:
        columns = self._plain(csv_rows(files, form.has_header))
        if columns is None:
            columns = self._text([csv_source(files, form.has_header)])
            count_rejected(self.connection, self.tally)
        return self._dataset(columns, count_rows(self.connection, f"{_TABLE}0"))

    def _captured(self, files: Sequence[Path], form: DatasetFormat, preprocess: Preprocessor | None) -> Dataset:
        columns = None if preprocess else self._plain(capture_rows(files, form.parts))
        if columns is not None:
            count = count_rows(self.connection, f"{_TABLE}0")
            return self._dataset(columns, count, records=count)
        row_files, count, records = write_capture(files, form.parts, self.folder, preprocess, self.tally)
        sources = [source for row_file in row_files if (source := row_file.source())]
        return self._dataset(self._text(sources), count, records)

    def _plain(self, rows: PlainRows | None) -> list[_Found] | None:
        """The columns of rows, if they are plain."""
        if rows is None:
            return None
        names = names_of_columns(rows.names, self.expected)
        try:
            loaded = load_plain(self.connection, f"{_TABLE}0", rows, [self.expected.get(name) for name in names])
        except UnevenRowsError:
            return None
        return [(name, field, types) for name, (field, types) in zip(names, loaded, strict=True)]

    def _text(self, sources: Sequence[TextSource]) -> list[_Found]:
        """The columns of sources whose rows belong together."""
        names = names_of_columns([name for source in sources for name in source.names], self.expected)
        found: list[_Found] = []
        for place, source in enumerate(sources):
            mine = names[len(found) : len(found) + len(source.names)]
            loaded = load_text(self.connection, f"{_TABLE}{place}", source, [self.expected.get(name) for name in mine])
            found += [(name, field, types) for name, (field, types) in zip(mine, loaded, strict=True)]
        return found

    def _json_lines(self, files: Sequence[Path]) -> Dataset:
        """DuckDB reads them if they are nothing but JSON objects; if not, those that are not are taken out first."""
        try:
            return self._typed(files, Kind.JSON_LINES)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            self.connection.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        readable = readable_lines(files, self.folder, self.tally)
        return self._typed(readable, Kind.JSON_LINES) if readable else self._dataset([], 0)

    def _typed(self, files: Sequence[Path], kind: Kind) -> Dataset:
        create = f"CREATE TABLE {_TABLE} AS SELECT * FROM {_READERS[kind]}"  # noqa: S608
        self.connection.execute(create, [names_for_duckdb(files), len(files) > 1])
        fields = [
            Field(
                scalar.name,
                _TABLE,
                kind=kinds.kind(scalar.expression, scalar.type_id),
                number=kinds.number(scalar.expression, scalar.type_id),
                text=kinds.as_text(scalar.expression, scalar.type_id),
            )
            for scalar in flat_columns(self.connection, _TABLE)
        ]
        types = count_types(self.connection, fields)
        names = names_of_columns([field.name for field in fields], self.expected)
        return self._dataset(list(zip(names, fields, types, strict=True)), count_rows(self.connection, _TABLE))

    def _dataset(self, found: Sequence[_Found], row_count: int, records: int | None = None) -> Dataset:
        if len(found) > COLUMNS_AT_ONCE:
            self.connection.execute(f"SET memory_limit = '{_MEMORY_OF_WIDE}'")
        columns = [
            TableColumn(self.connection, name, field, types, Need.of(types.infer(), self.expected.get(name)), row_count)
            for name, field, types in found
        ]
        return Dataset(
            self.connection,
            row_count,
            columns,
            self.tally.result(),
            None if records is None else records + self.left_out,
        )


def _first_lines(error: duckdb.Error) -> str:
    """What DuckDB says, without the query and the long list of options, which are none of the user's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = takewhile(lambda line: not line.startswith(("LINE ", "Possible ", "Try ")), lines)
    return " ".join([*told, *(line for line in lines if line.startswith("file = "))])
