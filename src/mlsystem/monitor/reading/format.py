"""The format of a dataset, as the environment variable `dataset_format` and the command's options give it."""

import enum
import json
from dataclasses import dataclass

from mlsystem.monitor.document import DocumentError, Node
from mlsystem.monitor.errors import ConfigurationError

INPUT = "endpointInput"
OUTPUT = "endpointOutput"


class Kind(enum.Enum):
    """The kinds of dataset, by the keys that `dataset_format` knows."""

    CSV = "csv"
    JSON_LINES = "json"
    PARQUET = "parquet"
    CAPTURE = "sagemakerCaptureJson"
    MERGE = "sagemakerMergeJson"  # captures with their ground truth

    @property
    def has_records(self) -> bool:
        """Whether the files hold records of invocations, not rows."""
        return self in (Kind.CAPTURE, Kind.MERGE)


@dataclass(frozen=True)
class DatasetFormat:
    """How the files are to be read."""

    kind: Kind
    has_header: bool = True  # of CSV: whether each file begins with the names of the columns
    parts: tuple[str, ...] = (OUTPUT, INPUT)  # of captured data: whose columns, in that order


def parse_format(text: str) -> DatasetFormat:
    """The format that a value of `dataset_format` means. Raises ConfigurationError."""
    try:
        return _parse(Node(json.loads(text), path="dataset_format"))
    except (json.JSONDecodeError, DocumentError, RecursionError) as error:
        raise ConfigurationError(f"dataset_format cannot be understood: {error}. It was: {text}") from error


def _parse(node: Node) -> DatasetFormat:
    keys = list(node.value) if isinstance(node.value, dict) else []
    if len(keys) != 1 or keys[0] not in {kind.value for kind in Kind}:
        node.fail(f"must be an object with one key of: {', '.join(kind.value for kind in Kind)}")
    kind, options = Kind(keys[0]), node[keys[0]]
    if kind is Kind.JSON_LINES:
        lines = options.get("lines")
        if lines is None or lines.value is not True:
            options.fail('must say {"lines": true}: one JSON object a line is the only form that is read')
    header = options.get("header")
    if header and not isinstance(header.value, bool):
        header.fail("is neither true nor false")
    return DatasetFormat(kind, has_header=header is not None and header.value is True, parts=_parts(options))


def _parts(options: Node) -> tuple[str, ...]:
    """Output columns come first, unless the format says that they stand at the end."""
    names = options.get("captureIndexNames")
    wanted = {name.one_of(INPUT, OUTPUT) for name in names.items()} if names else {INPUT, OUTPUT}
    position = options.get("output_columns_position")
    output_first = position is None or position.one_of("START", "END") == "START"
    order = (OUTPUT, INPUT) if output_first else (INPUT, OUTPUT)
    return tuple(part for part in order if part in wanted)
