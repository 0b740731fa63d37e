"""The whole system, left alone with its work: whether memory, files, threads and processes stay as they are, round after round.

    python -m tests.soak [--minutes 60]

A round is what a month brings: new data, a person's approval and a canary shift into production; requests that drift, are seen to, are
labelled, and train a model, which a person approves, too. Meanwhile clients ask the API without a pause. All of it is project/ with the
tests' small program in the model's place, under a clock that makes waits sixty times shorter. After each round the engine, its front door
and all that they have started are looked at. Flat is what in the last third of the rounds rises at most a tenth (and what a look differs by
anyway) above how high it rose in the third before; the first third is for caches to fill. It is the crests that are compared, as functions
that nobody has asked for ten minutes go, many at a time, and come again. Any request that is refused, and any step that
does not come out as it should, ends the run with an error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmarks.served import processes
from mlsystem.engine.store.master_key import FOLDER_VARIABLE
from tests.e2e.built_images import push_built
from tests.live import LiveEngine
from tests.monitored import Monitored
from tests.serving import Load
from tests.small_project import ROWS
from tests.system import Answer, System

TIME_SCALE = 60
# More of them than a month has.
RETRAINING = {"minimum_rows": 100, "cool_down_hours": 0, "runs_per_month": 10_000}
CLIENTS = 2
PAUSE_SECONDS = 0.02
# For a verdict: two rounds in each third.
FEWEST_ROUNDS = 6
MOST_GROWTH = 1.1
# By how much two looks at the same thing differ.
SLACK = {
    "engine_mb": 10.0,
    "door_mb": 10.0,
    "all_mb": 40.0,
    "engine_files": 10,
    "door_files": 10,
    "threads": 10,
    "processes": 6,
}


@dataclass(frozen=True)
class Look:
    """After a round. Of `all` and of `processes` are the engine and everything that it has started."""

    minutes: float
    requests: int
    engine_mb: float
    door_mb: float
    all_mb: float
    engine_files: int
    door_files: int
    threads: int
    processes: int
    folder_mb: float


class Soak:
    """A system in production, the clients that ask it, and what was seen so far."""

    def __init__(self, system: System):
        self.system = system
        self.engine = system.engine
        self.looks: list[Look] = []
        self._begun = time.monotonic()
        self._loads: list[Load[Answer]] = []

    def run(self, minutes: float, tell: Callable[[Look], None] = lambda _look: None) -> list[Look]:
        """At least one round; what was seen after each, told at once. AssertionError where something does not come out as it should."""
        url = self.system.api_url()
        with ExitStack() as stack:
            for _ in range(CLIENTS):
                self._loads.append(stack.enter_context(Load(lambda: self.system.ask(url), PAUSE_SECONDS)))
            while not self.looks or time.monotonic() - self._begun < minutes * 60:
                self._round()
                self.looks.append(self._look())
                self._check()
                tell(self.looks[-1])
        return self.looks

    def _round(self) -> None:
        self.system.to_production(self.system.upload())
        monitored = Monitored(self.system)
        monitored.ask([(0.9 + size / 10, weight) for size, weight, _ in ROWS * 3])
        found = monitored.look()
        assert found["verdict"] == "drifted", found
        monitored.label()
        self.system.to_production(self.system.started_by(monitored.raise_again))

    def _check(self) -> None:
        for load in self._loads:
            assert not load.failures, load.failures[:3]
            refused = [answer for answer in load.answers if answer.status != 200]
            assert not refused, refused[:3]

    def _look(self) -> Look:
        assert self.engine.process is not None
        engine = self.engine.process.pid
        own = processes.descendants(engine) | {engine}
        door = next(pid for pid in own if _name(pid) == "envoy")
        return Look(
            minutes=round((time.monotonic() - self._begun) / 60, 1),
            requests=sum(len(load.answers) for load in self._loads),
            engine_mb=_megabytes(engine),
            door_mb=_megabytes(door),
            all_mb=round(processes.megabytes(own), 1),
            engine_files=_files(engine),
            door_files=_files(door),
            threads=_status(engine, "Threads"),
            processes=len(own),
            folder_mb=round(sum(_size(path) for path in self.engine.folder.rglob("*")) / 1e6, 1),
        )


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{name}:")))


def _megabytes(pid: int) -> float:
    return round(_status(pid, "VmRSS") / 1024, 1)


def _files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # removed meanwhile
        return 0


def growth(looks: Sequence[Look]) -> dict[str, float]:
    """Of each figure, the greatest of the last third of the looks by that of the third before. ValueError for too few."""
    if len(looks) < FEWEST_ROUNDS:
        raise ValueError(f"{len(looks)} rounds tell nothing; {FEWEST_ROUNDS} do")
    third = len(looks) // 3
    before, after = looks[-2 * third : -third], looks[-third:]
    return {name: round(_greatest(after, name) / _greatest(before, name), 3) for name in SLACK}


def grown(looks: Sequence[Look]) -> list[str]:
    """The figures that are not flat."""
    third = len(looks) // 3
    before, after = looks[-2 * third : -third], looks[-third:]
    allowed = {name: MOST_GROWTH * _greatest(before, name) + slack for name, slack in SLACK.items()}
    return [name for name, most in allowed.items() if _greatest(after, name) > most]


def _greatest(looks: Sequence[Look], name: str) -> float:
    return float(max(getattr(look, name) for look in looks))


def measure(minutes: float, tell: Callable[[Look], None]) -> list[Look]:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        keys = {FOLDER_VARIABLE: str(Path(folder) / "keys")}
        engine = LiveEngine(Path(folder) / "engine", time_scale=TIME_SCALE, environment=keys, within=("env",))
        engine.start()
        try:
            system = System(engine)
            system.deploy(push_built(engine, "monitor"), retraining=RETRAINING)
            system.to_production(system.upload())
            return Soak(system).run(minutes, tell)
        finally:
            engine.stop()


def told(looks: Sequence[Look]) -> list[str]:
    """A table of the looks, and what follows from them."""
    table = [_row(asdict(looks[0])), *(_row(asdict(look).values()) for look in looks)]
    done = (
        f"{len(looks)} rounds, {2 * len(looks)} versions into production, {looks[-1].requests} requests, none refused"
    )
    if len(looks) < FEWEST_ROUNDS:
        return [*table, done, f"fewer than {FEWEST_ROUNDS} rounds: whether it is flat is not told"]
    changes = ", ".join(f"{name} {of}" for name, of in growth(looks).items())
    verdict = f"not flat: {', '.join(found)}" if (found := grown(looks)) else "flat"
    return [*table, done, f"growth from one third to the next: {changes}", verdict]


def _row(values: Iterable[object]) -> str:
    return " ".join(f"{value!s:>12}" for value in values)


def _tell(look: Look) -> None:
    """As it comes, for who does not wait until the end."""
    sys.stderr.write(f"{_row(asdict(look).values())}\n")
    sys.stderr.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    sys.stderr.write(f"{_row(field.name for field in fields(Look))}\n")
    looks = measure(given.minutes, _tell)
    sys.stdout.write("\n".join(told(looks)) + "\n")
    return int(len(looks) >= FEWEST_ROUNDS and bool(grown(looks)))


if __name__ == "__main__":
    sys.exit(main())
