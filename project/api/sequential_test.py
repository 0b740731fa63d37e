"""Is the new version worse than the old one? A test that may be looked at as often as one likes. Pure: no clock, no I/O.

Both versions answer at the same time, and which one answers a request is drawn at random: so a bad minute is bad for
both. Requests are therefore compared within strata, short stretches of time. In one, let `new` and `old` be the
requests of the versions and `bad` those of both that were bad (a 5xx, say). Given these totals, the bad ones of the
new version follow Fisher's noncentral hypergeometric distribution, whose only parameter is the odds ratio w of the two
versions; w = 1 for equal ones, where it holds whatever the share of bad requests does in the meantime.

Worse means w > w0, what is tolerated. For any w1 > w0 the likelihood ratio of w1 against w0 has, as long as w <= w0, an
expected value of at most 1 (it grows with the count, and counts under w <= w0 are stochastically smaller than under
w0): an e-value. Products over strata, and averages over several w1 and several criteria, are again such, so the whole
is a nonnegative supermartingale that begins at 1, and by Ville's inequality

    P(it ever reaches 1 / alpha) <= alpha.

"Ever" is why it may be looked at each minute, and why its largest value so far counts. What must not be: that what ends
a stratum, or the meaning of "bad" in it, depends on the outcomes in it or after it.

Literature: A. Wald, Sequential Analysis (1947). J. Ville, Etude critique de la notion de collectif (1939). P. Grunwald,
R. de Heide, W. Koolen, Safe testing, J. R. Stat. Soc. B (2024). R. Turner, A. Ly, P. Grunwald, Generic E-variables for
exact sequential k-sample tests (2024). A. Fog, Calculation methods for Fisher's noncentral hypergeometric distribution,
Comm. Stat. B 37 (2008).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

KEPT_TABLES = 4096  # of binomial terms: many strata have the same totals


@dataclass(frozen=True)
class Table:
    """What a stratum saw: the requests of both versions, and how many of them were bad."""

    new: int
    old: int
    new_bad: int
    old_bad: int

    def __post_init__(self) -> None:
        if not (0 <= self.new_bad <= self.new and 0 <= self.old_bad <= self.old):
            raise ValueError(f"more bad requests than requests: {self}")

    @property
    def complement(self) -> Table:
        """The same with the other requests as the bad ones."""
        return Table(self.new, self.old, self.new - self.new_bad, self.old - self.old_bad)


@dataclass(frozen=True)
class Odds:
    """The odds ratio that is tolerated, and those above it that are looked for, each with the same prior weight."""

    tolerated: float
    alternatives: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.alternatives or min(self.alternatives) <= self.tolerated or self.tolerated <= 0:
            raise ValueError(f"alternatives must lie above what is tolerated: {self}")


def log_probability(table: Table, odds_ratio: float) -> float:
    """Of `new_bad`, given all totals, by Fisher's noncentral hypergeometric distribution."""
    bad = table.new_bad + table.old_bad
    least = max(0, bad - table.old)
    terms = _log_terms(table.new, table.old, bad)
    place = table.new_bad - least
    return terms[place] + place * math.log(odds_ratio) - _log_normaliser(table.new, table.old, bad, odds_ratio)


def log_likelihood_ratio(table: Table, tolerated: float, alternative: float) -> float:
    """Log of the e-value of one stratum."""
    return log_probability(table, alternative) - log_probability(table, tolerated)


def log_evidence(tables: Iterable[Table], odds: Odds) -> list[float]:
    """Log of the e-value after each stratum: the mean over the alternatives of the product over the strata so far."""
    strata = list(tables)
    products = [
        list(accumulate(log_likelihood_ratio(table, odds.tolerated, alternative) for table in strata))
        for alternative in odds.alternatives
    ]
    return log_means(products)


def log_means(series: Sequence[Sequence[float]]) -> list[float]:
    """Log of the mean, place by place, of series that are given as logs."""
    return [log_mean(values) for values in zip(*series, strict=True)]


def log_mean(values: Sequence[float]) -> float:
    return _log_sum(values) - math.log(len(values))


def _log_sum(values: Sequence[float]) -> float:
    most = max(values)
    return most + math.log(math.fsum(math.exp(value - most) for value in values))


@lru_cache(maxsize=KEPT_TABLES)
def _log_terms(new: int, old: int, bad: int) -> tuple[float, ...]:
    """Logs of C(new, x) * C(old, bad - x) for each possible x, but for a factor that all have."""
    terms = [0.0]
    for count in range(max(0, bad - old), min(bad, new)):
        ratio = (new - count) * (bad - count) / ((count + 1) * (old - bad + count + 1))
        terms.append(terms[-1] + math.log(ratio))
    return tuple(terms)


@lru_cache(maxsize=KEPT_TABLES)
def _log_normaliser(new: int, old: int, bad: int, odds_ratio: float) -> float:
    step = math.log(odds_ratio)
    return _log_sum([term + place * step for place, term in enumerate(_log_terms(new, old, bad))])
