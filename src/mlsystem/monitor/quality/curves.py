"""The curves of a binary classification that gives probabilities, and the areas under them."""

import numpy as np
from numpy.typing import NDArray

from mlsystem.monitor.quality.pairs import Floats
from mlsystem.monitor.quality.ratios import NOT_DEFINED

CURVE_POINTS = 100


def areas(is_positive: NDArray[np.bool_], scores: Floats) -> tuple[float, float]:
    """Areas under the ROC curve and under precision over recall; NaN where a class is missing.

    The first is the chance that a positive row scores above a negative one, a tie counting half (the trapezoids). The
    second is the average precision: steps, because a straight line between two points promises too much
    (Davis and Goadrich, https://doi.org/10.1145/1143844.1143874).
    """
    hits, rows = _cumulated(is_positive, scores)
    positives, negatives = int(hits[-1]), int(rows[-1] - hits[-1])
    steps = np.diff(hits, prepend=0) / positives if positives else np.zeros(len(hits))
    precision = float(np.sum(steps * hits / rows)) if positives else NOT_DEFINED
    if not positives or not negatives:
        return NOT_DEFINED, precision
    true_rates = np.append(0.0, hits / positives)
    false_rates = np.append(0.0, (rows - hits) / negatives)
    return float(np.trapezoid(true_rates, false_rates)), precision


def curves(is_positive: NDArray[np.bool_], scores: Floats) -> dict[str, dict[str, list[float]]]:
    """Both curves at falling thresholds, at most CURVE_POINTS of them after the first; none where a class is missing."""
    hits, rows = _cumulated(is_positive, scores)
    positives, negatives = int(hits[-1]), int(rows[-1] - hits[-1])
    if not positives or not negatives:
        return {}
    if len(hits) > CURVE_POINTS:
        kept = np.linspace(0, len(hits) - 1, CURVE_POINTS).astype(np.int64)
        hits, rows = hits[kept], rows[kept]
    true_rates = [0.0, *(hits / positives).tolist()]
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, *((rows - hits) / negatives).tolist()],
            "true_positive_rates": true_rates,
        },
        "precision_recall_curve": {"precisions": [1.0, *(hits / rows).tolist()], "recalls": true_rates},
    }


def _cumulated(is_positive: NDArray[np.bool_], scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """At each different score, from the highest: the positive rows, and all rows, that have at least it."""
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    ends = np.append(np.flatnonzero(sorted_scores[1:] != sorted_scores[:-1]), len(scores) - 1)
    return np.cumsum(is_positive[order], dtype=np.int64)[ends], ends.astype(np.int64) + 1
