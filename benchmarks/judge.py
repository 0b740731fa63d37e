"""How often the judge of a canary is wrong, and what it sees: simulated deployments, and its own code on them.

    python benchmarks/judge.py [--simulations 10000] [--power 200] [--results benchmarks/results] [--json]

Traffic is as it is: requests come in waves, each goes to the new version with a chance of 10 %, and error rate, latency
and the kind of requests wander with time, for both versions alike. In an A/A deployment both versions are the same: the
share of these that the judge would roll back is its false-alarm rate, told with the 95 % upper bound of Clopper and
Pearson. At the edge of what is tolerated the new version has just the odds ratios that its criteria allow.

Everything is drawn from a seed, so that a run can be repeated. Written are judge.json and judge.svg.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "project" / "api")]

from judgement import (  # noqa: E402
    ERRORS,
    LATENCY,
    PREDICTION_QUANTILES,
    PREDICTIONS,
    SLOW_QUANTILE,
    Comparison,
    Criterion,
    Evidence,
    prediction_cuts,
    strata,
    weigh,
)
from sequential_test import Table  # noqa: E402

from benchmarks import svg  # noqa: E402

RATE = 0.01  # the default of canary.judge.false_alarm_rate
CANARY_SECONDS = 300  # Canary10Percent5Minutes
NEW_SHARE = 0.1
REQUESTS = (500, 1000, 2000, 5000, 10_000, 20_000)  # of both versions, in one canary
ERROR_RATE = 0.003
LATENCY_MS, LATENCY_SPREAD = 80.0, 0.3  # of a log-normal distribution
SCORES = (0.9, 3.0)  # of a beta distribution: most answers are a low probability
EARLIER_REQUESTS = 2000  # of the old version, from which the cuts come


@dataclass(frozen=True)
class Difference:
    """How the new version differs from the old one."""

    added_errors: float = 0.0
    error_odds: float = 1.0
    latency_factor: float = 1.0
    slow_odds: float = 1.0
    score: Callable[[Any], Any] | None = None


SAME = Difference()
TOLERATED = Difference(error_odds=ERRORS.odds.tolerated, slow_odds=LATENCY.odds.tolerated)
WORSE = {
    "+1 % errors": Difference(added_errors=0.01),
    "+5 % errors": Difference(added_errors=0.05),
    "+20 % latency": Difference(latency_factor=1.2),
    "flipped class": Difference(score=lambda scores: 1 - scores),
    "constant prediction": Difference(score=lambda scores: np.full_like(scores, 0.2)),
}


def retrained(scores: Any) -> Any:
    """Each answer is somewhat another, and all are a little greater: a model that was trained anew on newer data."""
    noise = np.random.default_rng(len(scores)).normal(0.25, 0.5, len(scores))
    odds = np.exp(np.log(scores / (1 - scores)) + noise)
    return odds / (1 + odds)


def deployment(random: np.random.Generator, requests: int, difference: Difference, rate: float) -> Evidence:
    """One simulated canary, judged at its end: the largest evidence of all looks is what is told."""
    wave = 1 + 0.6 * np.sin(np.linspace(0, random.uniform(3, 20), CANARY_SECONDS) + random.uniform(0, 6))
    arrivals = random.poisson(requests * wave / wave.sum())
    second = np.repeat(np.arange(CANARY_SECONDS), arrivals)
    is_new = random.random(len(second)) < NEW_SHARE
    errors = np.clip(ERROR_RATE * np.exp(_wandering(random, 1.0)), 0, 0.3)[second]
    errors = np.where(is_new, _odds(errors, difference.error_odds) + difference.added_errors, errors)
    is_error = random.random(len(second)) < errors
    busy = np.exp(_wandering(random, 0.15))[second]
    latency = LATENCY_MS * busy * random.lognormal(0, LATENCY_SPREAD, len(second))
    latency = np.where(is_new, latency * difference.latency_factor, latency)
    kind = _wandering(random, 0.3)[second]
    score = np.clip(random.beta(*SCORES, len(second)) ** np.exp(-kind), 1e-6, 1 - 1e-6)
    if difference.score is not None:
        score = np.where(is_new, difference.score(score), score)
    slow = float(np.quantile(LATENCY_MS * random.lognormal(0, LATENCY_SPREAD, EARLIER_REQUESTS), SLOW_QUANTILE))
    is_slow = latency > slow
    if difference.slow_odds != 1:
        # By the true chance of each request, so that the odds ratio is just what it is to be.
        share = 0.5 - 0.5 * np.vectorize(math.erf)(np.log(slow / LATENCY_MS / busy) / LATENCY_SPREAD / math.sqrt(2))
        is_slow = random.random(len(second)) < np.where(is_new, _odds(share, difference.slow_odds), share)
    quantiles = np.quantile(random.beta(*SCORES, EARLIER_REQUESTS), PREDICTION_QUANTILES)
    counts = _Counts(second, is_new)
    good = ~is_error
    comparisons = [
        counts.comparison(ERRORS, is_error),
        counts.comparison(LATENCY, is_slow, cut=slow),
        *(counts.comparison(PREDICTIONS, score > cut, good, cut) for cut in prediction_cuts(quantiles.tolist())),
    ]
    return weigh(comparisons, len(counts.strata), rate)


class _Counts:
    """Requests by stratum and version."""

    def __init__(self, second: Any, is_new: Any):
        by_second = [dict(enumerate(np.bincount(second[mask]).tolist())) for mask in (is_new, ~is_new)]
        self.strata = strata(by_second[0], by_second[1], 0, CANARY_SECONDS, is_over=True)
        self._place = np.searchsorted([one.end for one in self.strata], second, side="right")
        self._is_new = is_new

    def comparison(
        self, criterion: Criterion, is_bad: Any, counted: Any = True, cut: float | None = None
    ) -> Comparison:
        numbers = [
            np.bincount(self._place[counted & version & bad], minlength=len(self.strata)).tolist()
            for bad in (True, is_bad)
            for version in (self._is_new, ~self._is_new)
        ]
        return Comparison(criterion, tuple(Table(*one) for one in zip(*numbers, strict=True)), cut)


def _wandering(random: np.random.Generator, spread: float) -> Any:
    """Something that goes up and down within a canary, about nought, by second."""
    steps = np.cumsum(random.normal(0, 1, CANARY_SECONDS))
    return spread * (steps - steps.mean()) / (steps.std() or 1)


def _odds(share: Any, ratio: float) -> Any:
    odds = ratio * share / (1 - share)
    return odds / (1 + odds)


def upper_bound(hits: int, trials: int, confidence: float = 0.95) -> float:
    """Clopper and Pearson's one-sided upper bound of a probability."""
    if hits == trials:
        return 1.0
    low, high = hits / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(hits, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, trials: int, chance: float) -> float:
    logs = [
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(chance) + (trials - k) * math.log1p(-chance)
        for k in range(hits + 1)
    ]  # fmt: skip
    return math.fsum(map(math.exp, logs))


def rolled_back(seed: str, count: int, sizes: Iterable[int], difference: Difference, rate: float = RATE) -> int:
    """How many of `count` deployments, whose sizes take turns."""
    random = np.random.default_rng([ord(letter) for letter in seed])
    turns = list(sizes)
    return sum(deployment(random, turns[number % len(turns)], difference, rate).share >= 1 for number in range(count))


def false_alarms(name: str, count: int, difference: Difference, rate: float = RATE) -> dict[str, float]:
    hits = rolled_back(name, count, REQUESTS[:4], difference, rate)
    return {
        "stated": rate,
        "deployments": count,
        "rolled_back": hits,
        "upper_bound": round(upper_bound(hits, count), 6),
    }


def measure(simulations: int, power: int) -> dict[str, Any]:
    good = replace(SAME, score=retrained)
    return {
        "false alarms": {
            "the same version twice": false_alarms("same", simulations, SAME),
            "the same, stated rate 20 %": false_alarms("same at 20", max(simulations // 10, 100), SAME, 0.2),
            "at the edge of what is tolerated": false_alarms("edge", max(simulations // 10, 100), TOLERATED),
            "retrained, somewhat different": false_alarms("retrained", max(simulations // 10, 100), good),
        },
        "power": {
            name: {str(size): round(rolled_back(f"{name}{size}", power, [size], worse) / power, 3) for size in REQUESTS}
            for name, worse in WORSE.items()
        },
    }


# ---------------------------------------------------------------------- the picture
WIDTH, HEIGHT, LEFT, TOP = 640, 400, 60, 40


def picture(power: dict[str, dict[str, float]]) -> str:
    """Power against the number of requests, as SVG."""
    inner = (WIDTH - LEFT - 180, HEIGHT - TOP - 60)

    def x(size: float) -> float:
        span = math.log(REQUESTS[-1] / REQUESTS[0])
        return LEFT + inner[0] * math.log(size / REQUESTS[0]) / span

    def y(share: float) -> float:
        return TOP + inner[1] * (1 - share)

    title = f"Share of worse versions that the judge rolls back, at a stated false-alarm rate of {RATE:.0%}"
    below = "requests to both versions during the canary, a tenth of them to the new one"
    parts = [svg.text(LEFT, 22, title, size=14), svg.text(LEFT, HEIGHT - 14, below)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts += [svg.rule(LEFT, y(share), inner[0]), svg.text(LEFT - 8, y(share) + 4, f"{share:.0%}", "end")]
    parts += [svg.text(x(size), HEIGHT - 38, str(size), "middle") for size in REQUESTS]
    for place, ((name, shares), colour) in enumerate(zip(power.items(), svg.COLOURS, strict=False)):
        parts.append(svg.curve(((x(int(size)), y(share)) for size, share in shares.items()), colour))
        parts += svg.legend(WIDTH - 165, TOP + 20 * place, name, colour)
    return svg.document(WIDTH, HEIGHT, parts)


def table(found: dict[str, Any]) -> str:
    lines = [f"{'A/A deployments, stated rate':36}{'stated':>8}{'of':>8}{'rolled back':>13}{'95 % upper bound':>18}"]
    for name, row in found["false alarms"].items():
        bound = f"{row['upper_bound']:.4f}"
        lines.append(f"{name:36}{row['stated']:>8}{row['deployments']:>8}{row['rolled_back']:>13}{bound:>18}")
    lines.append("")
    lines.append(f"{'rolled back of worse versions':30}" + "".join(f"{size:>9}" for size in REQUESTS))
    for name, shares in found["power"].items():
        lines.append(f"{name:30}" + "".join(f"{share:>9.0%}" for share in shares.values()))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=10_000, help="A/A deployments")
    parser.add_argument("--power", type=int, default=200, help="deployments for each point of a curve")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = measure(options.simulations, options.power)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "judge.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.results / "judge.svg").write_text(picture(found["power"]))
    print(json.dumps(found, indent=1) if options.json else table(found))


if __name__ == "__main__":
    main()
