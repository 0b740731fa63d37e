"""The schema of a model: what a request holds and what an answer means.

Prepare Data learns it from the training data; the training job packs it into `model/inference/`; the inference server
and the API function read it there. So the four programs cannot disagree on a column's place, a category's code or a
class's name. Standard library only: the API function may run without NumPy.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FORMAT = 1
TASKS = ("binary", "multiclass", "regression")


class SchemaError(Exception):
    """A schema file that is missing or does not say what it must."""


@dataclass(frozen=True)
class Feature:
    """One column of a request. A category's code is its place in `categories`; a number has none."""

    name: str
    categories: tuple[str, ...] | None = None

    @property
    def is_categorical(self) -> bool:
        return self.categories is not None


@dataclass(frozen=True)
class Schema:
    """Columns in the order of a request; the target with its classes, the positive one last; what counts as missing."""

    task: str
    target: str
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    missing_values: tuple[str, ...]

    @cached_property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    @property
    def categorical_places(self) -> list[int]:
        return [place for place, feature in enumerate(self.features) if feature.is_categorical]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Schema:
        try:
            content = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise SchemaError(f"{path}: there is no such file; Prepare Data writes it, and Train packs it") from error
        except ValueError as error:
            raise SchemaError(f"{path}: not JSON: {error}") from error
        try:
            return cls._from_content(content)
        except (KeyError, TypeError, ValueError) as error:
            raise SchemaError(f"{path}: not a schema of format {FORMAT}: {error!r}") from error

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> Schema:
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}")
        if content["task"] not in TASKS:
            raise ValueError(f"task {content['task']!r}")
        return cls(
            task=content["task"],
            target=content["target"],
            classes=tuple(content["classes"]),
            features=tuple(_feature(entry) for entry in content["features"]),
            missing_values=tuple(content["missing_values"]),
        )


def _feature(entry: dict[str, Any]) -> Feature:
    categories = entry["categories"]
    return Feature(entry["name"], None if categories is None else tuple(categories))
