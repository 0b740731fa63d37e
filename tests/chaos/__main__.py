"""Runs a living engine through faults at random moments, and says which invariants did not hold.

python -m tests.chaos --runs N [--seed S] [--results FOLDER]     N runs in all: those of the results are not run again
python -m tests.chaos --seed S --run NUMBER                      that one
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos.run import Chaos, Outcome
from tests.chaos.sink import Sink
from tests.smtp import serving

RESULTS = Path("chaos-results")
FILE = "runs.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what runs is ended on the way out
    file = given.results / FILE
    numbers = [given.run] if given.run is not None else missing(file, given.seed, given.runs)
    if numbers:
        with chaos() as made:
            for number in numbers:
                write(file, given.seed, number, made.run(given.seed, number))
    return report(file, given.seed, set(numbers) if given.run is not None else set(range(given.runs)))


@contextmanager
def chaos() -> Iterator[Chaos]:
    """Its folder is kept where a run failed."""
    scratch = Path(tempfile.mkdtemp(prefix="ch"))  # paths of sockets must be short, and this is their beginning
    try:
        with contextmanager(serving)(Sink()) as sink:
            yield Chaos(scratch, sink)
    finally:
        shutil.rmtree(scratch / "origin", ignore_errors=True)
        if not any(scratch.glob("run*/")):
            shutil.rmtree(scratch)


def missing(file: Path, seed: int, runs: int) -> list[int]:
    """The runs of a seed that have no result yet."""
    done = {one["number"] for one in results(file) if one["seed"] == seed}
    return [number for number in range(runs) if number not in done]


def results(file: Path) -> list[dict[str, Any]]:
    """A line that was cut off, where the machine went down, is no result."""
    found = []
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            found.append(dict(json.loads(line)))
        except ValueError:
            continue
    return found


def write(file: Path, seed: int, number: int, outcome: Outcome) -> None:
    """One line, and what a person who watches wants to know."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(f"{json.dumps({'seed': seed, 'number': number, **asdict(outcome)})}\n")
    if outcome.broken:
        words = "\n".join(outcome.broken)
        sys.stdout.write(f"FOUND in run {number}: {', '.join(outcome.faults)}\n{words}\nits folder: {outcome.folder}\n")
        sys.stdout.write(f"again: python -m tests.chaos --seed {seed} --run {number}\n\n")
        sys.stdout.flush()


def report(file: Path, seed: int, numbers: set[int]) -> int:
    """1 where a run failed; of one that was repeated the last counts."""
    last = {one["number"]: one for one in results(file) if one["seed"] == seed and one["number"] in numbers}
    failed = [number for number, one in sorted(last.items()) if one["broken"]]
    kinds = Counter(fault.partition("@")[0] for one in last.values() for fault in one["faults"])
    seconds = sum(one["seconds"] for one in last.values())
    sys.stdout.write(
        f"{len(last)} runs of seed {seed}, {seconds / max(1, len(last)):.1f} s each; failed: {failed or 'none'}\n"
    )
    sys.stdout.write(f"faults: {', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))}\n")
    return int(bool(failed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20, help="in all, with those that the results have")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS, help="a folder")
    parser.add_argument("--run", type=int, help="the number of one run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
