"""From rows to metrics: what was measured, with its noise and what it rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlsystem.monitor.quality.binary import binary_figures, rows_beneath
from mlsystem.monitor.quality.curves import curves
from mlsystem.monitor.quality.multiclass import confusion_counts, multiclass_figures
from mlsystem.monitor.quality.noise import Figures, deviations, standard_errors
from mlsystem.monitor.quality.pairs import LabelColumns, LabelPairs, NumberPairs, Pairs, label_order, normal_label
from mlsystem.monitor.quality.problem import Problem, ProblemType
from mlsystem.monitor.quality.regression import regression_figures

_POSITIVE_OF = {frozenset(("0", "1")): "1", frozenset(("false", "true")): "true"}
# A share of d rows is known no better than that, even if all of them agree: 95 % and 99 % limits are then 3/d and 4.6/d.
_LEAST_ERROR = 2.0


class UndefinedProblemError(ValueError):
    """The rows do not fit the problem; the text says why."""


@dataclass(frozen=True)
class Metric:
    """One metric. NaN stands for what the rows do not define."""

    name: str
    value: float
    deviation: float  # the original's standard_deviation
    error: float  # the standard error of the value
    rows: int  # that it rests on


@dataclass(frozen=True)
class Quality:
    """All that was measured of so many rows."""

    type: ProblemType
    rows: int
    metrics: tuple[Metric, ...]
    confusion: Mapping[str, Mapping[str, int]] | None = None  # by what turned out, then by what was said
    curves: Mapping[str, Mapping[str, list[float]]] = field(default_factory=dict)

    def metric(self, name: str) -> Metric | None:
        """The metric of that name."""
        return next((metric for metric in self.metrics if metric.name == name), None)


def pairs_of(problem: Problem) -> Pairs:
    """An empty collection for the answers to a problem."""
    if problem.type is ProblemType.REGRESSION:
        return NumberPairs()
    has_probability = problem.type is ProblemType.BINARY and problem.probability is not None
    return LabelPairs(has_inference=problem.inference is not None, has_probability=has_probability)


def evaluate(problem: Problem, pairs: Pairs) -> Quality:
    """The quality of at least one row. Raises UndefinedProblemError if the labels are not those of the problem."""
    if isinstance(pairs, NumberPairs):
        return _regression(pairs)
    if not isinstance(pairs, LabelPairs):
        raise TypeError(f"{pairs!r} are no pairs")
    columns = pairs.columns()
    return _binary(problem, columns) if problem.type is ProblemType.BINARY else _multiclass(columns)


def _regression(pairs: NumberPairs) -> Quality:
    truth, predicted = pairs.columns()
    metrics = _measure(lambda rows: regression_figures(truth[rows], predicted[rows]), len(truth), {}, are_shares=False)
    return Quality(ProblemType.REGRESSION, len(truth), metrics)


def _binary(problem: Problem, columns: LabelColumns) -> Quality:
    negative, positive = _sides(problem, columns.classes)
    truth = columns.truth == _code(columns, positive)
    if columns.predicted is not None:
        called = columns.predicted == _code(columns, positive)
    elif columns.scores is not None:
        called = columns.scores >= problem.threshold
    else:
        raise UndefinedProblemError(f"{problem.type.value} needs labels or probabilities")
    scores = columns.scores

    def figures(rows: NDArray[np.int64]) -> dict[str, float]:
        return binary_figures(truth[rows], called[rows], None if scores is None else scores[rows])

    return Quality(
        ProblemType.BINARY,
        len(truth),
        _measure(figures, len(truth), rows_beneath(truth, called), are_shares=True),
        _binary_confusion(negative, positive, truth, called),
        curves(truth, scores) if scores is not None else {},
    )


def _binary_confusion(
    negative: str, positive: str, truth: NDArray[np.bool_], called: NDArray[np.bool_]
) -> dict[str, dict[str, int]]:
    classes = tuple(sorted((negative, positive), key=label_order))
    place = classes.index(positive)
    return _confusion(classes, np.where(truth, place, 1 - place), np.where(called, place, 1 - place))


def _code(columns: LabelColumns, label: str) -> int:
    return columns.classes.index(label) if label in columns.classes else -1


def _sides(problem: Problem, classes: tuple[str, ...]) -> tuple[str, str]:
    """The negative and the positive class. One of them may have no row."""
    if len(classes) > 2:
        raise UndefinedProblemError(f"{problem.type.value} has two classes, and here are {', '.join(classes[:10])}")
    if problem.positive_label is None:
        for known, positive in _POSITIVE_OF.items():
            if known.issuperset(classes):
                return next(label for label in known if label != positive), positive
        raise UndefinedProblemError(
            f"of the classes {', '.join(classes)} none is known as the positive one: set positive_label"
        )
    positive = normal_label(problem.positive_label)
    others = [label for label in classes if label != positive]
    if len(others) > 1:
        raise UndefinedProblemError(f"the positive_label {positive} is none of the classes {', '.join(classes)}")
    return (others[0] if others else f"not {positive}"), positive


def _multiclass(columns: LabelColumns) -> Quality:
    truth, predicted, size = columns.truth, columns.predicted, len(columns.classes)
    if predicted is None:
        raise UndefinedProblemError("MulticlassClassification needs labels")
    constant = int(np.bincount(truth).argmax())

    def figures(rows: NDArray[np.int64]) -> dict[str, float]:
        return multiclass_figures(truth[rows], predicted[rows], constant, size)

    metrics = _measure(figures, len(truth), {}, are_shares=True)
    return Quality(ProblemType.MULTICLASS, len(truth), metrics, _confusion(columns.classes, truth, predicted))


def _confusion(
    classes: tuple[str, ...], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, dict[str, int]]:
    counts = confusion_counts(truth, predicted, len(classes)).tolist()
    return {
        actual: {said: counts[row][column] for column, said in enumerate(classes)} for row, actual in enumerate(classes)
    }


def _measure(figures: Figures, count: int, beneath: Mapping[str, int], *, are_shares: bool) -> tuple[Metric, ...]:
    values = figures(np.arange(count))
    spreads, errors = deviations(figures, count), standard_errors(figures, count)
    found = []
    for name, value in values.items():
        rows = beneath.get(name, count)
        error = errors.get(name, math.nan)
        least = _LEAST_ERROR / rows if are_shares and rows else 0.0
        finite = value if math.isfinite(value) else math.nan  # squares of large errors may be infinite
        found.append(Metric(name, finite, spreads.get(name, math.nan), _at_least(error, least), rows))
    return tuple(found)


def _at_least(error: float, least: float) -> float:
    return error if math.isnan(error) else max(error, least)
