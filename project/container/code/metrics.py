"""The figures that say how good a model is, in SageMaker's model-quality schema.

Written here, in NumPy, because the libraries that have them are heavier than all the rest of the image. The shape is
that of the page "Model quality metrics" of the SageMaker developer guide: each metric has a value and a standard
deviation, which is taken over five random samples of 80 % of the rows, and is "NaN" under 200 rows.
A metric that the data does not define (an AUC with one class, an R2 of a constant) is an error, never a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Figures = dict[str, float]

SAMPLES = 5
SAMPLE_SHARE = 0.8
ROWS_FOR_DEVIATION = 200
CURVE_POINTS = 100
RESIDUAL_BINS = 30
SEED = 20130101


class UndefinedMetricError(ValueError):
    """The data does not define a metric; the message says why."""


def binary_metrics(labels: Codes, scores: Floats, threshold: float, classes: tuple[str, ...]) -> dict[str, Any]:
    """`labels` are 0 and 1, `scores` the probabilities of class 1; at `threshold` or above a row counts as 1."""

    def figures(rows: NDArray[np.int64]) -> Figures:
        truth, score = labels[rows], scores[rows]
        return {
            **_binary_figures(truth, score >= threshold),
            "auc": area_under_curve(truth, score),
            **_constant(_binary_figures(truth, np.ones(len(truth), dtype=bool)), BINARY_CONSTANT),
        }

    values = _with_deviations(figures, len(labels))
    false_rates, true_rates, precisions = _curves(labels, scores)
    return {
        "confusion_matrix": confusion_matrix(labels, (scores >= threshold).astype(np.int64), classes),
        **values,
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": false_rates.tolist(),
            "true_positive_rates": true_rates.tolist(),
        },
        "precision_recall_curve": {"precisions": precisions.tolist(), "recalls": true_rates.tolist()},
    }


def multiclass_metrics(labels: Codes, predicted: Codes, classes: tuple[str, ...]) -> dict[str, Any]:
    """Both are class codes. Weighted: each class's figure weighs as many as it has rows."""
    majority = int(np.bincount(labels).argmax()) if len(labels) else 0

    def figures(rows: NDArray[np.int64]) -> Figures:
        truth = labels[rows]
        constant = _weighted_figures(truth, np.full(len(truth), majority), len(classes))
        return {**_weighted_figures(truth, predicted[rows], len(classes)), **_constant(constant, tuple(constant))}

    return {
        "confusion_matrix": confusion_matrix(labels, predicted, classes),
        **_with_deviations(figures, len(labels)),
    }


def regression_metrics(labels: Floats, predicted: Floats) -> dict[str, Any]:
    def figures(rows: NDArray[np.int64]) -> Figures:
        errors = predicted[rows] - labels[rows]
        mse = float(np.mean(errors**2))
        spread = float(np.mean((labels[rows] - labels[rows].mean()) ** 2))
        if spread == 0.0:
            raise UndefinedMetricError("r2 is not defined: all labels of the test data are equal")
        return {"mae": float(np.mean(np.abs(errors))), "mse": mse, "rmse": mse**0.5, "r2": 1.0 - mse / spread}

    return _with_deviations(figures, len(labels))


def residual_histogram(labels: Floats, predicted: Floats) -> dict[str, Any]:
    """How many answers were too high by how much: `counts` between neighbouring `edges`.

    The edges follow the labels alone, so that two models on the same rows have the same; what lies beyond counts in the outermost.
    """
    reach = 2.0 * float(np.std(labels)) or 1.0
    edges = np.linspace(-reach, reach, RESIDUAL_BINS + 1)
    counts, _ = np.histogram(np.clip(predicted - labels, -reach, reach), edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def area_under_curve(labels: Codes, scores: Floats) -> float:
    """Area under the ROC curve: the chance that a positive row scores above a negative one; a tie counts half."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        raise UndefinedMetricError("auc is not defined: the test data has rows of one class only")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    mean_rank = last_rank - (counts - 1) / 2.0
    rank_sum = float(mean_rank[place][labels == 1].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


def confusion_matrix(labels: Codes, predicted: Codes, classes: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Rows of a class (outer) that were predicted as a class (inner)."""
    size = len(classes)
    counts = np.bincount(labels * size + predicted, minlength=size * size).reshape(size, size)
    return {
        actual: {answer: int(counts[row, column]) for column, answer in enumerate(classes)}
        for row, actual in enumerate(classes)
    }


BINARY_CONSTANT = ("recall", "precision", "accuracy", "f0_5", "f1", "f2")


def _binary_figures(truth: Codes, positive: NDArray[np.bool_]) -> Figures:
    hits = float(np.sum(truth[positive] == 1))
    false_alarms = float(np.sum(positive)) - hits
    actual = float(np.sum(truth == 1))
    others = len(truth) - actual
    recall, precision = _ratio(hits, actual), _ratio(hits, hits + false_alarms)
    return {
        "recall": recall,
        "precision": precision,
        "accuracy": (hits + others - false_alarms) / len(truth),
        "true_positive_rate": recall,
        "true_negative_rate": _ratio(others - false_alarms, others),
        "false_positive_rate": _ratio(false_alarms, others),
        "false_negative_rate": _ratio(actual - hits, actual),
        "f0_5": _f_score(precision, recall, 0.5),
        "f1": _f_score(precision, recall, 1.0),
        "f2": _f_score(precision, recall, 2.0),
    }


def _weighted_figures(truth: Codes, predicted: Codes, size: int) -> Figures:
    counts = np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size)
    actual, answered, hits = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    figures = dict.fromkeys(("recall", "precision", "f0_5", "f1", "f2"), 0.0)
    for code in range(size):
        recall, precision = _ratio(hits[code], actual[code]), _ratio(hits[code], answered[code])
        weight = actual[code] / len(truth)
        figures["recall"] += weight * recall
        figures["precision"] += weight * precision
        for name, beta in (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0)):
            figures[name] += weight * _f_score(precision, recall, beta)
    weighted = {f"weighted_{name}": float(value) for name, value in figures.items()}
    return {"accuracy": float(hits.sum() / len(truth)), **weighted}


def _curves(labels: Codes, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """False positive rates, true positive rates and precisions at falling thresholds, thinned for the file's sake."""
    order = np.argsort(-scores, kind="stable")
    hits, rows = np.cumsum(labels[order]), np.arange(1, len(labels) + 1)
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(labels) - 1)
    if len(ends) > CURVE_POINTS:
        ends = ends[np.linspace(0, len(ends) - 1, CURVE_POINTS).astype(np.int64)]
    true, chosen = hits[ends], rows[ends]
    false_rates = np.append(0.0, (chosen - true) / (len(labels) - hits[-1]))
    return false_rates, np.append(0.0, true / hits[-1]), np.append(1.0, true / chosen)


def _with_deviations(figures: Callable[[NDArray[np.int64]], Figures], rows: int) -> dict[str, Any]:
    """Each figure over all rows, with its standard deviation over samples."""
    values = figures(np.arange(rows))
    deviations = _deviations(figures, rows)
    return {name: {"value": value, "standard_deviation": deviations.get(name, "NaN")} for name, value in values.items()}


def _deviations(figures: Callable[[NDArray[np.int64]], Figures], rows: int) -> Figures:
    """Empty where there are too few rows, or where a sample happens to miss a class."""
    if rows < ROWS_FOR_DEVIATION:
        return {}
    random = np.random.default_rng(SEED)
    try:
        samples = [figures(random.choice(rows, int(SAMPLE_SHARE * rows), replace=False)) for _ in range(SAMPLES)]
    except UndefinedMetricError:
        return {}
    return {name: float(np.std([sample[name] for sample in samples])) for name in samples[0]}


def _constant(figures: Figures, names: tuple[str, ...]) -> Figures:
    """What a model that always gives the same answer would reach: any real one must do better."""
    return {f"{name}_best_constant_classifier": figures[name] for name in names}


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def _f_score(precision: float, recall: float, beta: float) -> float:
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)
