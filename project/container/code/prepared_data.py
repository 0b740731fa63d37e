"""The files that Prepare Data wrote, as arrays: the label first, then the features, numbers only, no header."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from encoding import Matrix
from schema import Schema
from utils import ContainerError, csv_files, open_csv


@dataclass(frozen=True)
class PreparedData:
    labels: Matrix  # class codes, or the numbers to predict
    features: Matrix


def load_prepared(folder: Path, schema: Schema) -> PreparedData:
    """All CSV files of a channel as one data set."""
    parts = [_load(path, len(schema.features) + 1) for path in csv_files(folder)]
    numbers = np.concatenate(parts)
    return PreparedData(labels=numbers[:, 0], features=numbers[:, 1:])


def _load(path: Path, width: int) -> Matrix:
    try:
        with open_csv(path) as text:
            numbers = np.loadtxt(text, delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise ContainerError(f"{path}: not the numbers that Prepare Data writes: {error}") from error
    if numbers.shape[1] != width:
        raise ContainerError(f"{path}: {numbers.shape[1]} columns, but the schema has a label and {width - 1} features")
    return numbers
