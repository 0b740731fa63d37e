"""The correction for testing many features at once: of twenty undrifted features, one a run is below 0.05 by chance.

Each correction turns p-values into adjusted ones, which may be held against the level as they are; all of them keep the
order, and none makes a p-value smaller.

    Bonferroni          p * m                                           some false alarm in a run: at most the level
    Holm                max over j <= i of p(j) * (m - j + 1)           the same, and finds more
    BenjaminiHochberg   min over j >= i of p(j) * m / j                 of the alarms, false ones on average: the level

with p(1) <= ... <= p(m). The first two hold whatever features have to do with each other; the third for features that are
independent or drift together.

Source: Dunn 1961; Holm, "A simple sequentially rejective multiple test procedure" (1979); Benjamini, Hochberg,
"Controlling the false discovery rate" (1995), Benjamini, Yekutieli (2001).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

NO_CORRECTION = "None"


def unchanged(p_values: Sequence[float]) -> list[float]:
    """No correction: each test stands for itself."""
    return list(p_values)


def bonferroni(p_values: Sequence[float]) -> list[float]:
    """Every p-value times their number."""
    return [min(1.0, p_value * len(p_values)) for p_value in p_values]


def holm(p_values: Sequence[float]) -> list[float]:
    """The smallest p-value times their number, the next times one less, and never below the one before."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    return _in_place(order, np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Every p-value times their number over its place, and never above the one after."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) / np.arange(1, len(p_values) + 1)
    raised = np.asarray(p_values, dtype=np.float64)[order] * factors
    return _in_place(order, np.minimum.accumulate(raised[::-1])[::-1])


def _in_place(order: "np.ndarray[tuple[int, ...], np.dtype[np.intp]]", adjusted: object) -> list[float]:
    result = np.empty(len(order))
    result[order] = np.minimum(1.0, adjusted)  # type: ignore[call-overload]
    return [float(p_value) for p_value in result]


CORRECTIONS: Mapping[str, Callable[[Sequence[float]], list[float]]] = {
    NO_CORRECTION: unchanged,
    "Bonferroni": bonferroni,
    "Holm": holm,
    "BenjaminiHochberg": benjamini_hochberg,
}
