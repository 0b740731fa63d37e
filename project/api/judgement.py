"""How a deployment is judged: from what both versions answered in the same seconds to a verdict. Pure.

Three criteria, of which the evidence is averaged: answers with 5xx (a client's own 4xx never count), slow answers, and
the distribution of predictions. "Slow" and the places where predictions are cut come from the old version alone, before
the requests that they are applied to. The test, and what its false-alarm rate rests on, is in sequential_test.py.

What is tolerated is an odds ratio. Errors may have a fifth as much again; as new instances are never quite as fast as
warm ones, the odds of a slow answer may double; a retrained model may predict otherwise, but not altogether otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sequential_test import Odds, Table, log_evidence, log_means

STRATUM_REQUESTS = 20  # of each version: then a stratum ends
STRATUM_SECONDS = 60  # or then
SLOW_QUANTILE = 0.9
PREDICTION_QUANTILES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
LEAST_GAP = 0.05  # of the spread: predictions that are nearer to each other count as one
MOST_EVIDENCE = 10.0  # more is not told: a picture of it is to be read


@dataclass(frozen=True)
class Criterion:
    """`bad` says in a sentence what is counted."""

    name: str
    bad: str
    odds: Odds
    is_two_sided: bool = False


ERRORS = Criterion("errors", "answers with 5xx", Odds(1.2, (2.0, 4.0, 8.0, 32.0)))
LATENCY = Criterion("latency", "slow answers", Odds(2.0, (3.0, 6.0, 12.0, 48.0)))
PREDICTIONS = Criterion("predictions", "predictions above a cut", Odds(4.0, (8.0, 16.0, 64.0, 256.0)), True)
CRITERIA = (ERRORS, LATENCY, PREDICTIONS)


class NoData(StrEnum):
    """What is declared for fewer requests than the minimum when the traffic has shifted."""

    WAIT = "wait"  # for requests, then fail
    FAIL = "fail"
    PASS = "pass"


class Verdict(StrEnum):
    UNDECIDED = "undecided"  # traffic is still shifting, and nothing speaks against the new version
    WORSE = "worse"  # the evidence is complete
    NOT_WORSE = "not worse"  # the traffic has shifted, and the evidence never was complete
    INCOMPLETE = "waiting for metrics"  # the traffic has shifted, and not all that was answered is known yet
    WAITING = "waiting for requests"
    FAILED_WITHOUT_DATA = "failed for want of requests"
    PASSED_WITHOUT_DATA = "passed for want of requests"
    NOT_COMPARED = "not compared"  # all traffic moved at once

    @property
    def is_good(self) -> bool:
        """Whether the deployment may end well."""
        return self in {Verdict.NOT_WORSE, Verdict.PASSED_WITHOUT_DATA, Verdict.NOT_COMPARED}


@dataclass(frozen=True)
class Policy:
    """The settings canary.judge."""

    false_alarm_rate: float
    min_requests: int
    no_data: NoData


@dataclass(frozen=True)
class Stratum:
    """Seconds since the epoch, the last one not in it."""

    first: int
    end: int


def strata(
    new: Mapping[int, int], old: Mapping[int, int], begin: float, until: float, *, is_over: bool
) -> list[Stratum]:
    """Of the whole seconds between; `new` and `old` are requests by second. One that is open counts when all is over.

    Only numbers of requests decide where a stratum ends, never what was answered.
    """
    found: list[Stratum] = []
    first, last = math.ceil(begin), math.floor(until)
    seen_new = seen_old = 0
    for second in range(first, last):
        seen_new += new.get(second, 0)
        seen_old += old.get(second, 0)
        if min(seen_new, seen_old) >= STRATUM_REQUESTS or second + 1 - first >= STRATUM_SECONDS:
            found.append(Stratum(first, second + 1))
            first, seen_new, seen_old = second + 1, 0, 0
    if is_over and first < last:
        found.append(Stratum(first, last))
    return found


@dataclass(frozen=True)
class Comparison:
    """One test of a criterion: its strata, in order. `cut` is the value above which a request counts, if there is one."""

    criterion: Criterion
    tables: tuple[Table, ...]
    cut: float | None = None

    @property
    def total(self) -> Table:
        return Table(
            sum(table.new for table in self.tables),
            sum(table.old for table in self.tables),
            sum(table.new_bad for table in self.tables),
            sum(table.old_bad for table in self.tables),
        )

    def log_evidence(self) -> list[float]:
        """After each stratum."""
        odds = self.criterion.odds
        above = log_evidence(self.tables, odds)
        if not self.criterion.is_two_sided:
            return above
        return log_means([above, log_evidence([table.complement for table in self.tables], odds)])


@dataclass(frozen=True)
class Evidence:
    """`share` is how much of the evidence is there that the false-alarm rate asks for, on the scale of its logarithm: at 1
    it is complete. The largest value so far counts. `by_criterion` are e-values as powers of ten, at the end."""

    share: float
    by_criterion: Mapping[str, float]


def weigh(comparisons: Sequence[Comparison], count: int, false_alarm_rate: float) -> Evidence:
    """Of `count` strata. A criterion that nothing can be compared by stays at 1, so that its weight is not given away."""
    series = {}
    for criterion in CRITERIA:
        tests = [one.log_evidence() for one in comparisons if one.criterion == criterion]
        series[criterion.name] = log_means(tests) if tests else [0.0] * count
    together = log_means(list(series.values()))
    share = max([0.0, *together]) / math.log(1 / false_alarm_rate)
    latest = {name: values[-1] / math.log(10) if values else 0.0 for name, values in series.items()}
    return Evidence(min(share, MOST_EVIDENCE), latest)


def prediction_cuts(quantiles: Sequence[float]) -> list[float]:
    """Where predictions of the old version with these PREDICTION_QUANTILES are cut: half-way between neighbours.

    Never at a value that it gives, nor near one: of a model with few answers all would cross such a cut as soon as they move
    by a little. The outermost quantiles count where there is no gap between the others. None for a model of one answer:
    nothing tells then how far one prediction is from another.
    """
    return _between(quantiles[1:-1]) or _between(quantiles)


def _between(values: Sequence[float]) -> list[float]:
    least = LEAST_GAP * (values[-1] - values[0])
    return [(low + high) / 2 for low, high in pairwise(values) if high - low > least]


def verdict_on(
    evidence: Evidence, new_requests: int, policy: Policy, *, is_over: bool, is_known: bool = True
) -> Verdict:
    """Complete evidence counts however few the requests were: the test knows how many they were. `is_known`: that the
    metrics of what was answered have come."""
    if evidence.share >= 1:
        return Verdict.WORSE
    if not is_over:
        return Verdict.UNDECIDED
    if not is_known:
        return Verdict.INCOMPLETE
    if new_requests >= policy.min_requests:
        return Verdict.NOT_WORSE
    without = {
        NoData.WAIT: Verdict.WAITING,
        NoData.FAIL: Verdict.FAILED_WITHOUT_DATA,
        NoData.PASS: Verdict.PASSED_WITHOUT_DATA,
    }
    return without[policy.no_data]


def reason_for(
    verdict: Verdict, evidence: Evidence, comparisons: Sequence[Comparison], new_requests: int, policy: Policy
) -> str:
    """In plain words, with the numbers."""
    few = f"the new version answered {new_requests} requests, and {policy.min_requests} are wanted"
    words = {
        Verdict.UNDECIDED: "traffic is still shifting; so far nothing is proven against the new version",
        Verdict.WORSE: f"the new version is worse than the old one: {_main_finding(evidence, comparisons)}",
        Verdict.NOT_WORSE: f"{new_requests} requests of the new version gave no proof that it is worse than the old one",
        Verdict.INCOMPLETE: "the API function's own metrics of the requests that the hook sent are missing",
        Verdict.WAITING: f"{few}; the policy for too few is to wait",
        Verdict.FAILED_WITHOUT_DATA: f"{few}; the policy for too few is to fail",
        Verdict.PASSED_WITHOUT_DATA: f"{few}; the policy for too few is to pass",
        Verdict.NOT_COMPARED: "all traffic moved at once, so there were no minutes in which both versions answered",
    }
    return words[verdict]


def _main_finding(evidence: Evidence, comparisons: Sequence[Comparison]) -> str:
    name = max(evidence.by_criterion, key=lambda one: evidence.by_criterion[one])
    tests = [one for one in comparisons if one.criterion.name == name]
    return told(max(tests, key=lambda one: one.log_evidence()[-1])) if tests else name


def told(comparison: Comparison) -> str:
    """`answers with 5xx: 12 of 240 (5.0 %) of the new version, 3 of 2100 (0.1 %) of the old one`."""
    total, cut = comparison.total, "" if comparison.cut is None else f" (above {comparison.cut:g})"
    shares = (_share(total.new_bad, total.new), _share(total.old_bad, total.old))
    return f"{comparison.criterion.bad}{cut}: {shares[0]} of the new version, {shares[1]} of the old one"


def _share(bad: int, count: int) -> str:
    return f"{bad} of {count}" + (f" ({100 * bad / count:.1f} %)" if count else "")
