"""What Prepare Data has to know of the user's data: the section `data` of mlsystem.yaml.

It comes by SageMaker's means: as environment variables of the processing job or, where 256 characters a variable are
too few, as `dataset.json` beside the training data, which then stands alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schema import TASKS
from utils import ContainerError

DATASET_FILE = "dataset.json"
MISSING_VALUES = ("NA", "N/A", "NaN", "nan", "NULL", "null", "None")
LISTS = ("features", "categorical_features", "ignored_columns", "missing_values")
KEYS = ("target_column", "task_type", "positive_label", "max_bad_row_share", *LISTS)


@dataclass(frozen=True)
class DataConfig:
    """An empty `features` means every column; an empty `categorical_features` means: look at the values."""

    target_column: str
    task_type: str
    positive_label: str = ""
    features: tuple[str, ...] = ()
    categorical_features: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = MISSING_VALUES
    max_bad_row_share: float = 0.05


def read_config(environment: Mapping[str, str], data: Path) -> DataConfig:
    """The configuration, from `dataset.json` in the folder `data` if there is one, else from the environment."""
    path = data / DATASET_FILE
    if path.is_file():
        return _checked(_from_file(path), str(path))
    values: dict[str, object] = {key: environment[key.upper()] for key in KEYS if environment.get(key.upper())}
    for key in LISTS:
        if key in values:
            values[key] = [name.strip() for name in str(values[key]).split(",") if name.strip()]
    return _checked(values, "the environment (section `data` of mlsystem.yaml)")


def _from_file(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ContainerError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ContainerError(f"{path}: must hold one JSON object with the keys {', '.join(KEYS)}")
    unknown = sorted(set(content) - set(KEYS))
    if unknown:
        raise ContainerError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(KEYS)}")
    return content


def _checked(values: Mapping[str, object], source: str) -> DataConfig:
    config = DataConfig(
        target_column=str(values.get("target_column", "")),
        task_type=str(values.get("task_type", "")),
        positive_label=str(values.get("positive_label", "")),
        max_bad_row_share=_share(values.get("max_bad_row_share", DataConfig.max_bad_row_share), source),
        features=_names(values, "features", source),
        categorical_features=_names(values, "categorical_features", source),
        ignored_columns=_names(values, "ignored_columns", source),
        missing_values=_names(values, "missing_values", source) or MISSING_VALUES,
    )
    if not config.target_column:
        raise ContainerError(f"{source}: target_column is not set; name the column to predict")
    if config.task_type not in TASKS:
        raise ContainerError(f"{source}: task_type is {config.task_type!r}; it must be one of {', '.join(TASKS)}")
    if config.target_column in config.features:
        raise ContainerError(f"{source}: features contains the target column {config.target_column!r}")
    return config


def _names(values: Mapping[str, object], key: str, source: str) -> tuple[str, ...]:
    names = values.get(key) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ContainerError(f"{source}: {key} must be a list of names")
    if len(set(names)) != len(names):
        raise ContainerError(f"{source}: {key} names a column twice")
    return tuple(names)


def _share(value: object, source: str) -> float:
    try:
        share = float(str(value))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ContainerError(f"{source}: max_bad_row_share is {value!r}; it must be a number from 0 to 1")
    return share
