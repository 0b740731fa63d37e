"""The metrics of a classification of several classes, as
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html names them; all from 0 to 1.

Weighted: the figure of each class weighs as much as the class has rows in truth. A class that is never called has
precision 0 there, as scikit-learn's `average="weighted"` has it.
"""

import numpy as np
from numpy.typing import NDArray

from mlsystem.monitor.quality.binary import CONSTANT
from mlsystem.monitor.quality.pairs import Codes
from mlsystem.monitor.quality.ratios import BETAS

_WEIGHTED = tuple(f"weighted_{name}" for name in ("recall", "precision", *BETAS))
OF_LABELS = ("accuracy", *_WEIGHTED)
MULTICLASS_METRICS = (*OF_LABELS, *(name + CONSTANT for name in OF_LABELS))


def multiclass_figures(truth: Codes, predicted: Codes, constant: int, size: int) -> dict[str, float]:
    """Each metric of at least one row of codes below `size`; `constant` is what the constant classifier says."""
    figures = weighted_figures(confusion_counts(truth, predicted, size))
    others = weighted_figures(confusion_counts(truth, np.full(len(truth), constant), size))
    return {**figures, **{name + CONSTANT: value for name, value in others.items()}}


def confusion_counts(truth: Codes, predicted: Codes, size: int) -> NDArray[np.int64]:
    """Rows of a class (first index) that were called a class (second index)."""
    return np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size).astype(np.int64)


def weighted_figures(counts: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy and the weighted metrics, from the counts of at least one row."""
    hits, actual, called = np.diag(counts).astype(float), counts.sum(axis=1), counts.sum(axis=0)
    weights = actual / actual.sum()
    by_class = {"weighted_recall": _shares(hits, actual), "weighted_precision": _shares(hits, called)}
    for name, beta in BETAS.items():
        by_class[f"weighted_{name}"] = _shares((1.0 + beta**2) * hits, beta**2 * actual + called)
    weighted = {name: float(np.sum(weights * shares)) for name, shares in by_class.items()}
    return {"accuracy": float(hits.sum() / actual.sum()), **weighted}


def _shares(parts: NDArray[np.float64], wholes: NDArray[np.float64] | Codes) -> NDArray[np.float64]:
    return np.divide(parts, wholes, out=np.zeros(len(parts)), where=wholes > 0)
