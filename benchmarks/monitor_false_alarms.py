"""How often the monitor calls a drift that is none: windows drawn from the baseline itself, for every method.

    python benchmarks/monitor_false_alarms.py [--windows 1000] [--baseline 100000] [--results DIR] [--json]

A baseline of each kind is drawn once, windows of several sizes are drawn from its rows (with replacement), and each
method decides at its default threshold, through the sketches and the verdicts that a check uses. A test promises its
level, the methods with an allowance for chance one window in a hundred, Robust three in a thousand. Found is the share of
windows that are told to have drifted, beside the most that a method which keeps its promise would show in 99 % of such
benchmarks (the binomial bound). Simple promises nothing. Then whole datasets of twenty features, by each correction;
and, so that nobody praises a method for being blind, the smallest shift that each of them finds.

Everything is drawn from a seed, so that a run can be repeated.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlsystem.monitor.comparison import Comparison
from mlsystem.monitor.distances import CATEGORICAL_METHODS, NUMERIC_METHODS, CategoryCounts, Method, Scale
from mlsystem.monitor.multiple_testing import CORRECTIONS
from mlsystem.monitor.sketch import Floats, KllSketch, Sample
from mlsystem.monitor.verdicts import Verdict, decide

WINDOW_ROWS = (60, 500, 5000, 50_000)
CONFIDENCE = 0.99
RATE_OF_CHANCE = 0.01  # what Measured.chance is exceeded by
RATE_OF_ROBUST = 0.003  # the level of Deequ's allowance
FEATURES = 20
POWER = 0.9
SHIFTS = tuple(step / 20.0 for step in range(1, 41))

Draw = Callable[[np.random.Generator, int], Floats]
NUMBERS: Mapping[str, Draw] = {
    "normal": lambda random, rows: random.normal(size=rows),
    "skewed": lambda random, rows: random.lognormal(size=rows),
    "whole numbers": lambda random, rows: random.integers(0, 10, rows).astype(np.float64),
    "rare ones": lambda random, rows: (random.random(rows) < 0.02).astype(np.float64),
}
CATEGORIES: Mapping[str, Sequence[float]] = {
    "five even": [0.2] * 5,
    "twenty uneven": [1.0 / rank for rank in range(1, 21)],
}


@dataclass(frozen=True)
class Finding:
    """How one method did on windows of one size and kind."""

    method: str
    data: str
    rows: int
    windows: int
    drifted: int
    undecided: int
    promised: float | None

    @property
    def most(self) -> int | None:
        """How many windows may be told to have drifted, if the promise is kept."""
        return None if self.promised is None else binomial_quantile(self.windows, self.promised, CONFIDENCE)

    @property
    def is_kept(self) -> bool:
        """Whether the method kept its promise, if it made one."""
        return self.most is None or self.drifted <= self.most


def binomial_quantile(trials: int, chance: float, confidence: float) -> int:
    """The smallest count that as many trials exceed with a probability of at most 1 - confidence."""
    below, count = 0.0, -1
    while below < confidence:
        count += 1
        ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
        below += math.exp(ways + count * math.log(chance) + (trials - count) * math.log1p(-chance))
    return count


def promised(name: str, method: Method[Any]) -> float | None:
    """The rate of false alarms that a method states."""
    if method.scale is Scale.SIGNIFICANCE:
        return method.default_threshold
    if method.scale is Scale.LARGEST_DIFFERENCE:
        return None if "simple" in name else RATE_OF_ROBUST
    return RATE_OF_CHANCE


def sampled(numbers: Floats) -> Sample:
    """Numbers as the monitor keeps them."""
    sketch = KllSketch()
    sketch.update(numbers)
    return sketch.sample()


def of_numbers(
    windows: int, baseline_rows: int, sizes: Sequence[int] = WINDOW_ROWS, kinds: Iterable[str] = NUMBERS
) -> Iterator[Finding]:
    """Every method for numbers on every kind of them."""
    for data in kinds:
        random = np.random.default_rng([*data.encode()])
        rows = NUMBERS[data](random, baseline_rows)
        before = sampled(rows)
        for size in sizes:
            drawn = [sampled(random.choice(rows, size)) for _ in range(windows)]
            for name, method in NUMERIC_METHODS.items():
                yield _finding(name, method, data, (baseline_rows, size), [(before, now) for now in drawn])


def of_categories(windows: int, baseline_rows: int, sizes: Sequence[int] = WINDOW_ROWS) -> Iterator[Finding]:
    """Every method for categories on every kind of them."""
    for data, weights in CATEGORIES.items():
        random = np.random.default_rng([*data.encode()])
        counts = random.multinomial(baseline_rows, np.array(weights) / sum(weights))
        before = _counted(counts)
        for size in sizes:
            drawn = [_counted(row) for row in random.multinomial(size, counts / baseline_rows, windows)]
            for name, method in CATEGORICAL_METHODS.items():
                yield _finding(name, method, data, (baseline_rows, size), [(before, now) for now in drawn])


def _counted(counts: Any) -> CategoryCounts:
    listed = {f"c{number}": int(count) for number, count in enumerate(counts) if count}
    return CategoryCounts(listed, sum(listed.values()))


def _finding(
    name: str, method: Method[Any], data: str, rows: tuple[int, int], pairs: Sequence[tuple[Any, Any]]
) -> Finding:
    found = [_verdict(name, method, rows, before, now) for before, now in pairs]
    drifted, undecided = found.count(Verdict.DRIFTED), found.count(Verdict.CANNOT_TELL)
    return Finding(name, data, rows[1], len(pairs), drifted, undecided, promised(name, method))


def _verdict(name: str, method: Method[Any], rows: tuple[int, int], before: Any, now: Any) -> Verdict:
    return decide([_comparison(name, method, rows, before, now)]).features[0].verdict


def _comparison(name: str, method: Method[Any], rows: tuple[int, int], before: Any, now: Any) -> Comparison:
    threshold = method.default_threshold
    return Comparison(name, *rows, name, threshold, method.limit(threshold), method.measure(before, now))


def of_corrections(windows: int, baseline_rows: int, size: int = 500, seed: int = 2) -> dict[str, float]:
    """The share of datasets of twenty features, tested by Kolmogorov and Smirnov, that are told to have drifted."""
    random = np.random.default_rng(seed)
    method, rows = NUMERIC_METHODS["KolmogorovSmirnov"], random.normal(size=baseline_rows)
    before = sampled(rows)
    drifted = dict.fromkeys(CORRECTIONS, 0)
    for _ in range(windows):
        comparisons = [
            _comparison(f"f{number}", method, (baseline_rows, size), before, sampled(random.choice(rows, size)))
            for number in range(FEATURES)
        ]
        for correction in CORRECTIONS:
            drifted[correction] += decide(comparisons, correction).verdict is Verdict.DRIFTED
    return {correction: count / windows for correction, count in drifted.items()}


def of_shifts(windows: int, baseline_rows: int, size: int = 500, seed: int = 3) -> dict[str, float]:
    """The smallest shift of normal numbers, in standard deviations, that each method finds in nine windows of ten."""
    random = np.random.default_rng(seed)
    before = sampled(random.normal(size=baseline_rows))
    drawn = [random.normal(size=size) for _ in range(windows)]
    found = {}
    for name, method in NUMERIC_METHODS.items():
        for shift in SHIFTS:
            pairs = [(before, sampled(numbers + shift)) for numbers in drawn]
            if _finding(name, method, "normal", (baseline_rows, size), pairs).drifted >= POWER * windows:
                found[name] = shift
                break
    return found


def measure(windows: int, baseline_rows: int) -> dict[str, Any]:
    """Everything, as it is written to monitor_false_alarms.json."""
    findings = [*of_numbers(windows, baseline_rows), *of_categories(windows, baseline_rows)]
    return {
        "windows": windows,
        "baseline_rows": baseline_rows,
        "confidence": CONFIDENCE,
        "methods": [asdict(finding) | {"most": finding.most, "is_kept": finding.is_kept} for finding in findings],
        "datasets_of_twenty_features": of_corrections(windows, baseline_rows),
        "smallest_shift_found": of_shifts(max(1, windows // 5), baseline_rows),
    }


def table(found: dict[str, Any]) -> str:
    """What was measured, for people."""
    lines = [f"{'method':18} {'data':14} {'rows':>5} {'drifted':>8} {'at most':>8} {'cannot tell':>12}"]
    for row in found["methods"]:
        most = "-" if row["most"] is None else f"{row['most']}" + ("" if row["is_kept"] else " !")
        numbers = f"{row['rows']:5} {row['drifted']:8} {most:>8} {row['undecided']:12}"
        lines.append(f"{row['method']:18} {row['data']:14} {numbers}")
    lines.append(f"Datasets of {FEATURES} features, each tested: the share that is told to have drifted")
    lines += [f"  {name:18} {share:.3f}" for name, share in found["datasets_of_twenty_features"].items()]
    lines.append("The smallest shift of normal numbers found in 9 of 10 windows of 500 rows, in standard deviations")
    lines += [f"  {name:18} {shift:.2f}" for name, shift in found["smallest_shift_found"].items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and tells; the exit code is 1 if a method did not keep its promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--baseline", type=int, default=100_000, help="rows of the baseline")
    parser.add_argument("--results", type=Path, metavar="DIR", help="where monitor_false_alarms.json goes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = measure(options.windows, options.baseline)
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        (options.results / "monitor_false_alarms.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1) if options.json else table(found))
    return 0 if all(row["is_kept"] for row in found["methods"]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
