"""The metrics of a binary classification, as
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html names them; all from 0 to 1."""

import numpy as np
from numpy.typing import NDArray

from mlsystem.monitor.quality.curves import areas
from mlsystem.monitor.quality.pairs import Floats
from mlsystem.monitor.quality.ratios import BETAS, f_score, ratio

CONSTANT = "_best_constant_classifier"
BINARY_METRICS = (
    *("recall", "precision", "accuracy"),
    *(name + CONSTANT for name in ("recall", "precision", "accuracy")),
    *("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate"),
    *("auc", "au_prc", "f0_5", "f1", "f2"),
    *(name + CONSTANT for name in ("f0_5", "f1", "f2")),
)
# What each rests on: rows of the positive class, of the negative one, or called positive; the least of them counts.
_RESTS_ON = {
    **dict.fromkeys(("recall", "true_positive_rate", "false_negative_rate"), ("positive",)),
    **dict.fromkeys(("true_negative_rate", "false_positive_rate"), ("negative",)),
    "precision": ("called",),
    **dict.fromkeys(BETAS, ("positive", "called")),
    **dict.fromkeys(("auc", "au_prc"), ("positive", "negative")),
}


def binary_figures(truth: NDArray[np.bool_], called: NDArray[np.bool_], scores: Floats | None) -> dict[str, float]:
    """Each metric of at least one row; auc and au_prc only with scores. NaN where the rows do not define it.

    The constant classifier is the one that calls every row positive, as AWS's example has it.
    """
    auc, au_prc = areas(truth, scores) if scores is not None else (None, None)
    constant = _of_labels(truth, np.ones(len(truth), dtype=bool))
    figures = {
        **_of_labels(truth, called),
        "auc": auc,
        "au_prc": au_prc,
        **{name + CONSTANT: constant[name] for name in ("recall", "precision", "accuracy", *BETAS)},
    }
    return {name: value for name in BINARY_METRICS if (value := figures[name]) is not None}


def rows_beneath(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> dict[str, int]:
    """On how many rows each metric rests."""
    counts = {"positive": int(truth.sum()), "negative": int((~truth).sum()), "called": int(called.sum())}
    return {
        name: min((counts[kind] for kind in _RESTS_ON.get(name, ())), default=len(truth)) for name in BINARY_METRICS
    }


def _of_labels(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> dict[str, float]:
    hits, false_alarms = float(np.sum(truth & called)), float(np.sum(~truth & called))
    misses, rejections = float(np.sum(truth & ~called)), float(np.sum(~truth & ~called))
    recall = ratio(hits, hits + misses)
    return {
        "recall": recall,
        "precision": ratio(hits, hits + false_alarms),
        "accuracy": (hits + rejections) / len(truth),
        "true_positive_rate": recall,
        "true_negative_rate": ratio(rejections, rejections + false_alarms),
        "false_positive_rate": ratio(false_alarms, rejections + false_alarms),
        "false_negative_rate": ratio(misses, hits + misses),
        **{name: f_score(hits, misses, false_alarms, beta) for name, beta in BETAS.items()},
    }
