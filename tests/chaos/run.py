"""One chaos run: a copy of the prepared folder, clients, faults; then calm, and the question what is true."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.client.audit import verify
from mlsystem.engine.shutdown import shut_down
from tests.chaos.engine import BentEngine, users_of
from tests.chaos.evidence import Evidence
from tests.chaos.faults import Planned, Target, carry_out, plan
from tests.chaos.invariants import broken
from tests.chaos.reading import Reader
from tests.chaos.sink import Mood, Sink
from tests.chaos.workload import Workload
from tests.chaos.world import prepare
from tests.finished import copy_state
from tests.live import eventually

RACE_LOG = "MLSYSTEM_RACE_LOG"
KILL_AT = "MLSYSTEM_KILL_AT"
# An engine that cannot start, on a disk that it cannot write, says so and ends with this.
CANNOT_START = 3
SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    name: str
    faults: tuple[str, ...]
    broken: tuple[str, ...]
    """Empty: all invariants hold."""
    seconds: float
    engines: int
    counts: dict[str, int]
    """How much there was to be judged."""
    folder: str = ""
    """What a failed run left."""


class Chaos:
    """Prepares once; then each `run` is a life of its own. All use one port and one server for mail."""

    def __init__(self, scratch: Path, sink: Sink):
        self.scratch = scratch
        self.sink = sink
        self.origin = prepare(scratch / "origin", sink)
        self.points: list[str] = []
        self.peaceful = self._calm()

    def _calm(self) -> Outcome:
        """Without faults, which must be well; the race points that it passes are those at which others may die."""
        log = self.scratch / "points.log"
        outcome = self.carry_out("calm", random.Random(0), [], {RACE_LOG: str(log)})
        self.points = sorted({line.partition("#")[0] for line in log.read_text().split()})
        assert not outcome.broken, f"without any fault: {outcome.broken}"
        return outcome

    def run(self, seed: int, number: int) -> Outcome:
        chance = random.Random(f"{seed} {number}")
        return self.carry_out(f"{seed}-{number}", chance, plan(chance, number), {})

    def carry_out(
        self, name: str, chance: random.Random, faults: Sequence[Planned], environment: dict[str, str]
    ) -> Outcome:
        began = time.monotonic()
        folder = self.scratch / f"run{name}"
        copy_state(self.origin.folder, folder)
        life = Life(BentEngine(folder, self.origin.port, self.sink.port), self.sink, self.points)
        told: list[str] = []
        try:
            life.begin(environment)
            life.suffer(faults, chance)
            life.settle()
        except (AssertionError, BotoCoreError, ClientError, OSError) as error:
            told.append(f"the run came to no end: {type(error).__name__}: {error}"[:2000])
        finally:
            life.end()
        told += broken(life.seen)
        if not told:
            shutil.rmtree(folder)
            folder.with_suffix(".controls").unlink()
        kinds = tuple(f"{one.kind}@{one.moment}" for one in faults)
        seconds, left = round(time.monotonic() - began, 1), str(folder) if told else ""
        return Outcome(name, kinds, tuple(told), seconds, life.engines, counts(life.seen), left)


class Life:
    """Of one folder, from its first engine to the end of all that ran there."""

    def __init__(self, live: BentEngine, sink: Sink, points: Sequence[str]):
        self.live = live
        self.sink = sink
        self.seen = Evidence()
        self.engines = 0
        self._target = Target(live, sink, self.seen, points)
        self._workload: Workload | None = None
        # Since the engine that runs was started.
        self._found_bad_disk = False

    def begin(self, environment: dict[str, str]) -> None:
        self.sink.begin()
        self.live.start(environment)
        self.engines += 1
        # What served before serves again.
        eventually(self._is_served)

    def suffer(self, faults: Sequence[Planned], chance: random.Random) -> None:
        self._workload = Workload(self.live, self.seen, chance)
        self._workload.start()
        try:
            carry_out(faults, self._target, self._tend)
        finally:
            self._workload.stop()

    def settle(self) -> None:
        """Faults are over: wait until everything has come to its end, and read back what is there."""
        assert self._workload is not None
        self._target.armed = None
        self._calmly(self._workload.finish)
        reader = Reader(self.live, self.seen)
        self._calmly(reader.await_end)
        self._look_who_answers(self._workload)
        if any(fault.kind == "read_only_disk" for fault in self.seen.faults):
            self._sweep()
        self._calmly(reader.read)
        self.seen.mails, self.seen.unheard = list(self.sink.taken), list(self.sink.unheard)

    def _sweep(self) -> None:
        """What could not be removed is, by the next engine."""
        self.live.kill()
        self.live.start()
        self.engines += 1

    def end(self) -> None:
        """As `mlsystem down`, whatever the state."""
        self.sink.mood = Mood.WELL
        self.live.controls.write(is_read_only=False)
        with _reaped(self.live):
            shut_down(self.live.folder)
        self.seen.orphans = users_of(self.live.folder)
        for told in self.seen.orphans:
            with suppress(ProcessLookupError):
                os.kill(int(told.partition(":")[0]), signal.SIGKILL)
        report = verify(self.live.folder)
        self.seen.audit_problems = [str(one) for one in report.faults]

    def _tend(self) -> None:
        """Start the engine again when it has died: at the armed race point once, then at none."""
        process = self.live.process
        assert process is not None
        self._found_bad_disk = self._found_bad_disk or self._target.has_bad_disk
        status = process.poll()
        if status is None:
            return
        if status != -signal.SIGKILL and not (status == CANNOT_START and self._found_bad_disk):
            self.seen.engine_ends.append(f"the engine ended by itself with {status}: {self.live.log()[-1500:]}")
        if process.stdout is not None:
            process.stdout.close()
        armed, self._target.armed = self._target.armed, None
        self._found_bad_disk = self._target.has_bad_disk
        self.live.spawn({KILL_AT: armed} if armed else {})
        self.engines += 1

    def _calmly(self, what: Callable[[], None]) -> None:
        """Do it, again where the engine died on the way: of a race point, the last of the faults."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            self._tend()
            try:
                what()
            except (BotoCoreError, ClientError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _is_served(self) -> bool:
        return Workload(self.live, Evidence(), random.Random(0)).ask("first") is not None

    def _look_who_answers(self, workload: Workload) -> None:
        def all_answered() -> bool:
            found = [workload.ask(f"last{number}.{time.monotonic()}") for number in range(5)]
            self.seen.versions_after = {one.version for one in found if one}
            return None not in found

        eventually(all_answered)


@contextmanager
def _reaped(live: BentEngine) -> Iterator[None]:
    """The engine is this process's child: it is waited for beside what ends it."""
    waiter = threading.Thread(target=lambda: live.process and live.process.wait(60))
    waiter.start()
    try:
        yield
    finally:
        waiter.join()
        if live.process is not None and live.process.stdout is not None:
            live.process.stdout.close()
        live.process = None


def counts(seen: Evidence) -> dict[str, int]:
    return {
        "faults": len(seen.faults),
        "objects": len(seen.objects),
        "answers": len(seen.answers),
        "captured": len(seen.captured),
        "mails": len(seen.mails),
        "succeeded": [one.status for one in seen.executions].count("SUCCEEDED"),
        "shifted": int(seen.config == "config-2"),
    }
