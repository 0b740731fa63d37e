"""Tries made-up inputs of every kind, and says which of them the code did not stand, each with the command that repeats it.

python -m tests.fuzz [--inputs N] [--seed S] [--kind KIND ...]
python -m tests.fuzz --kind KIND --seed S --input NUMBER      that one, after those before it in its epoch
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.kind import Kind
from tests.fuzz.kinds import KINDS

ROOT = Path(__file__).parents[2]
# What a process may hold more at the end of an epoch than in its middle, for each thousand of inputs. An engine's threads open one
# connection to the database after the other, each with its own cache of pages.
GROWTH_BYTES = 32 << 20


@dataclass
class Tally:
    """Of one kind."""

    inputs: int = 0
    seconds: float = 0.0
    growth: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, tuple[int, str]] = field(
        default_factory=dict
    )  # by signature: the first input, and what happened
    repeated: Counter[str] = field(default_factory=Counter)

    def found(self, signature: str, number: int, told: str) -> bool:
        """Whether it is new."""
        self.repeated[signature] += 1
        is_new = signature not in self.findings
        self.findings.setdefault(signature, (number, told))
        return is_new


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    kinds = [KINDS[name] for name in given.kind or KINDS]
    tallies = {kind.name: Tally() for kind in kinds}
    total = sum(kind.share for kind in kinds)
    for kind in kinds:
        if given.input is not None:
            first = given.input - given.input % kind.epoch
            spans = [(given.input, 1)] if given.alone else [(first, given.input - first + 1)]
        else:
            spans = list(_epochs(kind, -(-given.inputs * kind.share // total)))
        for first, count in spans:
            try_inputs(kind, given.seed, first, count, tallies[kind.name])
    _report(tallies)
    return int(any(tally.findings for tally in tallies.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--input", type=int, help="the number of one input")
    parser.add_argument("--alone", action="store_true", help="without those before it")
    return parser


def _epochs(kind: Kind, inputs: int) -> Iterator[tuple[int, int]]:
    for first in range(0, inputs, kind.epoch):
        yield first, min(kind.epoch, inputs - first)


def try_inputs(kind: Kind, seed: int, first: int, count: int, tally: Tally) -> None:
    """An epoch. Where its process dies it goes on with the input behind the one that it died of."""
    end = first + count
    while first < end:
        with tempfile.NamedTemporaryFile(prefix="fuzz-") as place:
            status, last_words, is_done = _child(kind, seed, first, end - first, place.name, tally)
            if is_done:
                return
            number = int(Path(place.name).read_text().strip() or first)
        tell(kind, seed, tally, f"the process of {kind.name} ended with {status}", number, last_words)
        tally.inputs += number - first + 1
        first = number + 1


def _child(kind: Kind, seed: int, first: int, count: int, place: str, tally: Tally) -> tuple[int, str, bool]:
    command = [sys.executable, "-m", "tests.fuzz.child", kind.name, *map(str, (seed, first, count)), place]
    is_done = False
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "done" in said:
                is_done = True
                _add(kind, seed, first, said, tally)
            else:
                tell(kind, seed, tally, said["signature"], said["number"], said["told"])
        status = process.wait()
        errors.seek(0)
        return status, errors.read().decode(errors="replace")[-6000:], is_done


def _add(kind: Kind, seed: int, first: int, said: Mapping[str, Any], tally: Tally) -> None:
    tally.inputs += said["done"]
    tally.seconds += said["seconds"]
    tally.outcomes.update(said["outcomes"])
    growth = said["late"] - said["early"]
    tally.growth = max(tally.growth, growth)
    if said["done"] >= 2000 and growth > GROWTH_BYTES * said["done"] / 2000:
        tell(
            kind,
            seed,
            tally,
            f"memory of {kind.name}",
            first + said["done"] - 1,
            f"{growth >> 20} MiB more after {said['done'] // 2} inputs",
        )


def tell(kind: Kind, seed: int, tally: Tally, signature: str, number: int, told: str) -> None:
    if tally.found(signature, number, told):
        sys.stdout.write(
            f"FOUND {signature}\n{told}\nagain: python -m tests.fuzz --kind {kind.name} --seed {seed} --input {number}\n\n"
        )
        sys.stdout.flush()


def _report(tallies: Mapping[str, Tally]) -> None:
    write = sys.stdout.write
    write(f"{'kind':16} {'inputs':>8} {'CPU s':>7} {'a CPU s':>8} {'MiB more':>8}  outcomes\n")
    for name, tally in tallies.items():
        rate = tally.inputs / tally.seconds if tally.seconds else 0
        outcomes = ", ".join(f"{outcome} {count}" for outcome, count in sorted(tally.outcomes.items()))
        write(f"{name:16} {tally.inputs:8} {tally.seconds:7.1f} {rate:8.0f} {tally.growth >> 20:8}  {outcomes}\n")
    write(
        f"{'together':16} {sum(tally.inputs for tally in tallies.values()):8} {sum(tally.seconds for tally in tallies.values()):7.1f}\n"
    )
    for tally in tallies.values():
        for signature, (number, _) in tally.findings.items():
            write(f"FOUND {tally.repeated[signature]:6} times: {signature} (input {number})\n")


if __name__ == "__main__":
    sys.exit(main())
