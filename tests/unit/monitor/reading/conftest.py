"""What tests of reading share: a dataset's columns by name."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlsystem.monitor.profile import Column
from mlsystem.monitor.reading import DatasetFormat, open_dataset
from mlsystem.monitor.reading.capture import Preprocessor
from mlsystem.monitor.types import InferredType

Read = Callable[..., dict[str, Column]]


@pytest.fixture
def read() -> Read:
    """Reads files in a format, and returns their columns in order."""

    def columns(
        *paths: Path,
        form: DatasetFormat,
        expected: Mapping[str, InferredType] | None = None,
        preprocess: Preprocessor | None = None,
    ) -> dict[str, Column]:
        with open_dataset(paths, form, preprocess=preprocess) as dataset:
            return {column.name: column for column in dataset.columns(expected or {})}

    return columns
