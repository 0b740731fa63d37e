"""A user's scripts: `preprocess_handler` for each captured record, `postprocess_handler` once the files are written.

The contract is Model Monitor's: a Python file with a function of that name. A record for which the first raises is one
that cannot be read; what the second raises ends the run.
"""

import importlib.util
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mlsystem.monitor.errors import ScriptError
from mlsystem.monitor.reading.capture import Preprocessor
from mlsystem.monitor.reading.lines import UnreadableRecordError
from mlsystem.monitor.reading.records import InferenceRecord

PREPROCESS = "preprocess_handler"
POSTPROCESS = "postprocess_handler"


def load_preprocessor(path: Path) -> Preprocessor:
    """The script's `preprocess_handler(inference_record[, logger])`. Raises ScriptError; its calls UnreadableRecordError."""
    handler = _load(path, PREPROCESS)
    logger = logging.getLogger(path.stem)
    extra = [logger] if len(inspect.signature(handler).parameters) > 1 else []

    def preprocess(record: InferenceRecord) -> Sequence[Mapping[str, object]]:
        place = f"{PREPROCESS} of {path}, for event {record.event_metadata.event_id}"
        try:
            rows = handler(record, *extra)
        except (Exception, SystemExit) as error:  # a user's code may raise anything
            raise UnreadableRecordError(f"{place}: {type(error).__name__}: {error}") from error
        rows = [rows] if isinstance(rows, Mapping) else rows
        if not isinstance(rows, Sequence) or not all(_is_flat(row) and row for row in rows):
            raise UnreadableRecordError(
                f"{place}: must return a flat dict with values, a list of them, or [] to skip the record"
            )
        return rows

    return preprocess


def run_postprocessor(path: Path) -> None:
    """Calls the script's `postprocess_handler()`. Raises ScriptError."""
    _call(f"{POSTPROCESS} of {path}", _load(path, POSTPROCESS))


def _load(path: Path, name: str) -> Callable[..., object]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    try:
        is_file = path.is_file()
    except OSError as error:
        raise ScriptError(f"{path} cannot be read: {error}") from error
    if not is_file or spec is None or spec.loader is None:
        raise ScriptError(f"{path} is not a Python file: it should define {name}")
    module = importlib.util.module_from_spec(spec)
    _call(f"loading {path}", spec.loader.exec_module, module)
    handler = getattr(module, name, None)
    if not callable(handler):
        raise ScriptError(f"{path} defines no function {name}")
    return handler  # type: ignore[no-any-return]


def _call(place: str, function: Callable[..., object], *arguments: object) -> object:
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise ScriptError(f"{place}: {type(error).__name__}: {error}") from error


def _is_flat(row: object) -> bool:
    return isinstance(row, Mapping) and all(
        isinstance(name, str) and (value is None or isinstance(value, str | int | float)) for name, value in row.items()
    )
