"""The baseline that a check compares with, read from its two files; anything wrong with them ends the run."""

import json
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mlsystem.monitor.constraints import Constraints
from mlsystem.monitor.constraints_document import parse_constraints
from mlsystem.monitor.errors import BaselineError, DatasetError
from mlsystem.monitor.profile import DatasetProfile
from mlsystem.monitor.statistics_document import parse_statistics
from mlsystem.monitor.unreadable import Unreadable
from mlsystem.monitor.violations import unproven_features

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True)
class Baseline:
    """What the data is checked against."""

    constraints: Constraints
    statistics: DatasetProfile


def read_baseline(constraints_path: Path | None, statistics_path: Path | None) -> Baseline | None:
    """Reads the files (each path may also be the folder that holds it); None if neither is given.

    Raises BaselineError if one cannot be read, or if a feature is to be compared with statistics that are not there.
    """
    if constraints_path is None:
        if statistics_path is not None:
            raise BaselineError(
                f"There are baseline statistics ({statistics_path}), but no baseline constraints to check"
            )
        return None
    constraints = read_document(constraints_path, CONSTRAINTS, parse_constraints)
    statistics = (
        read_document(statistics_path, STATISTICS, parse_statistics) if statistics_path else DatasetProfile(0, ())
    )
    unproven = unproven_features(constraints, statistics)
    if unproven:
        raise BaselineError(
            f"The baseline statistics ({statistics_path or 'none given'}) do not know {', '.join(unproven)}, "
            f"which {constraints_path} wants compared. Create the baseline again, or set perform_comparison to Disabled"
        )
    return Baseline(constraints, statistics)


def read_document(path: Path, name: str, parse: Callable[[object], _Parsed]) -> _Parsed:
    """One of a baseline's files, or that file of a folder. Raises BaselineError."""
    file = path
    try:
        file = file_of(path, name)
        return parse(_read_json(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:  # unreadable, no text, no JSON, or not this document
        raise BaselineError(
            f"The baseline cannot be read: {file}: {error}. Nothing was checked; create the baseline again"
        ) from error


def file_of(path: Path, name: str) -> Path:
    """That path, or if it is a folder, the file of that name in it. Raises OSError."""
    return path / name if path.is_dir() else path


def require_readable(unreadable: Unreadable, readable: int) -> None:
    """A baseline is what everything is measured by later: it may not be made of a part of the data. Raises DatasetError."""
    if not unreadable.is_tolerable(readable):
        raise DatasetError(
            f"{unreadable.sentence(readable)}. A baseline of the rest would not stand for the data: "
            "mend the files, or leave those rows out"
        )


def _read_json(text: str) -> object:
    """The document in a text. Long arrays of numbers (levels of sketches) become `array`s as they are read: as objects, a thousand
    columns of them would fill the memory. Raises json.JSONDecodeError."""
    return json.loads(text, object_hook=_compact)


def _compact(document: dict[str, object]) -> dict[str, object]:
    data = document.get("data")
    if isinstance(data, list):
        document["data"] = [array("d", item) if _has_floats(item) else item for item in data]
    return document


def _has_floats(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is float for item in value)
