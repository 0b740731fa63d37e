"""What tests of reading share: a dataset's columns by name, with their values."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mlsystem.monitor.reading import DatasetFormat, open_dataset
from mlsystem.monitor.reading.capture import Preprocessor
from mlsystem.monitor.types import InferredType
from tests.unit.monitor.columns import Read, ReadColumn, read_column


@pytest.fixture
def read() -> Read:
    """Reads files in a format, and returns their columns in order."""

    def columns(
        *paths: Path,
        form: DatasetFormat,
        expected: Mapping[str, InferredType] | None = None,
        preprocess: Preprocessor | None = None,
    ) -> dict[str, ReadColumn]:
        with open_dataset(paths, form, expected=expected, preprocess=preprocess) as dataset:
            return {column.name: read_column(column) for column in dataset.columns}

    return columns
