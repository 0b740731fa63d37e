"""Answers beside what turned out, as compact columns: 16 bytes a row, whatever the texts were."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_CLASSES = 1000


@dataclass(frozen=True)
class Answer:
    """One row, as text: what turned out, what the model said, and the probability that it gave."""

    truth: str | None
    inference: str | None = None
    probability: str | None = None


class Pairs(Protocol):
    """Rows that are collected one record at a time."""

    def __len__(self) -> int: ...

    def add(self, answers: Sequence[Answer]) -> None:
        """Adds rows, all or none. Raises ValueError that says what is wrong with which cell."""


class NumberPairs:
    """Of a regression."""

    def __init__(self) -> None:
        self._truth, self._predicted = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._truth)

    def add(self, answers: Sequence[Answer]) -> None:
        """Adds rows, all or none. Raises ValueError that says what is wrong with which cell."""
        found = [(_number("ground truth", each.truth), _number("prediction", each.inference)) for each in answers]
        for truth, predicted in found:
            self._truth.append(truth)
            self._predicted.append(predicted)

    def columns(self) -> tuple[Floats, Floats]:
        """What turned out, and what was predicted."""
        return np.array(self._truth, dtype=np.float64), np.array(self._predicted, dtype=np.float64)


@dataclass(frozen=True)
class LabelColumns:
    """Codes of classes in the order of their names; `predicted` and `scores` are there if the answers had them."""

    classes: tuple[str, ...]
    truth: Codes
    predicted: Codes | None
    scores: Floats | None


class LabelPairs:
    """Of a classification; labels are compared by their normal form, so that 1, 1.0 and 01 are one class."""

    def __init__(self, *, has_inference: bool, has_probability: bool) -> None:
        self._has_inference, self._has_probability = has_inference, has_probability
        self._codes: dict[str, int] = {}
        self._truth, self._predicted, self._scores = array("i"), array("i"), array("d")

    def __len__(self) -> int:
        return len(self._truth)

    def add(self, answers: Sequence[Answer]) -> None:
        """Adds rows, all or none. Raises ValueError that says what is wrong with which cell, or of too many classes."""
        truths = [_label("ground truth", each.truth) for each in answers]
        predicted = [_label("prediction", each.inference) for each in answers] if self._has_inference else []
        scores = [_number("probability", each.probability) for each in answers] if self._has_probability else []
        new = {label for label in [*truths, *predicted] if label not in self._codes}
        if len(self._codes) + len(new) > MOST_CLASSES:
            raise ValueError(f"there are more than {MOST_CLASSES} classes: is it a regression?")
        self._truth.extend(map(self._code, truths))
        self._predicted.extend(map(self._code, predicted))
        self._scores.extend(scores)

    def _code(self, label: str) -> int:
        return self._codes.setdefault(label, len(self._codes))

    def columns(self) -> LabelColumns:
        """All rows."""
        classes = sorted(self._codes, key=label_order)
        place = np.empty(len(classes), dtype=np.int64)
        place[[self._codes[label] for label in classes]] = np.arange(len(classes))
        return LabelColumns(
            tuple(classes),
            place[np.array(self._truth, dtype=np.int64)],
            place[np.array(self._predicted, dtype=np.int64)] if self._has_inference else None,
            np.array(self._scores, dtype=np.float64) if self._has_probability else None,
        )


def normal_label(text: str) -> str:
    """A label in the form by which labels are equal: whole numbers without a fraction, true and false in lower case."""
    text = text.strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    is_whole = math.isfinite(number) and number.is_integer() and abs(number) < 2**53
    return str(int(number)) if is_whole and "_" not in text else text


def label_order(label: str) -> tuple[int, float, str]:
    """A key by which classes are sorted: numbers by size, then the rest by the alphabet."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def _label(what: str, text: str | None) -> str:
    label = normal_label(text or "")
    if not label:
        raise ValueError(f"the {what} is missing")
    return label


def _number(what: str, text: str | None) -> float:
    if text is None or not text.strip():
        raise ValueError(f"the {what} is missing")
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError(f"the {what} is {text[:50]!r}, which is no number") from error
    if not math.isfinite(number):
        raise ValueError(f"the {what} is {text[:50]!r}, which is no finite number")
    return number
