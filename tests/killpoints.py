"""The kill-point harness: end the engine with SIGKILL at every named race point of a scenario, start it again, and see that all is well.

A scenario prepares a data folder once, then does one thing. A first run writes down every race point that it passes. `make chaos`
(MLSYSTEM_CHAOS=1) visits every passage of every point: for each of them, a copy of the prepared folder is run until the engine dies there,
started again, and checked. Otherwise only the scenario's essential points are visited, and one run dies at all of them, in the order in
which it comes to them: it is started again as often, and is checked in the end. What recovery leaves undone keeps it from the next point,
or shows in the end. A point that it does not come to has a run of its own after all.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.engine.store.folder import DataFolder
from tests.finished import copy_state
from tests.live import EngineEnded, LiveEngine

IS_CHAOS = os.environ.get("MLSYSTEM_CHAOS") == "1"
# Of a point that a clock passes all the time, as many as this stand for all of them.
MOST_PASSAGES = 30


class Scenario(Protocol):
    """What is done to an engine, and what must be true in the end however often it died on the way.

    `essential` are the points of which each stands for a kind of moment: before a commit, after it, in the middle of an action.
    """

    essential: tuple[str, ...]

    def prepare(self, live: LiveEngine) -> None:
        """Once, before: buckets, images."""
        ...

    def act(self, live: LiveEngine) -> None:
        """The requests. Run again after a crash that cut them off, so each must be safe to repeat or tell that it was done."""
        ...

    def settle(self, live: LiveEngine) -> None:
        """Wait until everything has come to its end."""
        ...

    def check(self, live: LiveEngine) -> None:
        """The invariants."""
        ...


class Harness:
    """All runs use one port, so they share their clients."""

    def __init__(self, folder: Path, scenario: Scenario, time_scale: float = 1.0):
        self.folder = folder
        self.scenario = scenario
        self.time_scale = time_scale
        self.origin = LiveEngine(folder / "origin", time_scale)

    def prepared(self) -> Path:
        """The data folder that every run is a copy of."""
        self.origin.start()
        try:
            self.scenario.prepare(self.origin)
        finally:
            self.origin.stop()
        return self.origin.folder

    def points(self, origin: Path) -> list[str]:
        """Where to kill, in the order of an undisturbed run. AssertionError when that does not pass all essential points."""
        passages = self.passages(origin)
        names = list(map(_name, passages))
        missing = set(self.scenario.essential) - set(names)
        assert not missing, f"the scenario does not pass {sorted(missing)}"
        return passages if IS_CHAOS else sorted(self.scenario.essential, key=names.index)

    def passages(self, origin: Path) -> list[str]:
        """Every passage of a race point in an undisturbed run, from the first request on."""
        live = self._on_copy(origin, "calm")
        log = self.folder / "points.log"
        live.start({"MLSYSTEM_RACE_LOG": str(log)})
        try:
            at_start = _lines(log)
            self._complete(live)
        finally:
            live.stop()
        shutil.rmtree(live.folder)
        return _lines(log)[len(at_start) :]

    def visit(self) -> None:
        """Kill at each point: in one run, but for those that it does not come to."""
        if IS_CHAOS:
            self.visit_apart()
            return
        origin = self.prepared()
        ahead = self.points(origin)
        while ahead:
            ahead = self.travel(origin, ahead)
            if ahead:
                self.kill_at(origin, ahead.pop(0))

    def visit_apart(self) -> None:
        """Kill at each point, in a run of its own: where the invariants are those of one crash."""
        origin = self.prepared()
        for point in self.points(origin):
            self.kill_at(origin, point)

    def kill_at(self, origin: Path, point: str) -> None:
        """AssertionError when the engine did not die there, or when an invariant is broken afterwards."""
        live = self._on_copy(origin, "killed")
        try:
            live.spawn({"MLSYSTEM_KILL_AT": point})
            # What the first run passed just after its start, this one may pass just before it is ready.
            acted = live.becomes_ready() and self._attempt(live, self.scenario.act)
            if acted:
                self._attempt(live, self.scenario.settle)
            self._await_kill(live)
            live.start()
            if not acted:
                self.scenario.act(live)
            self.scenario.settle(live)
            self.scenario.check(live)
        except Exception as error:
            error.add_note(f"killed at {point}:\n{what_is_left_to_do(live)}")
            raise
        finally:
            live.stop()
        shutil.rmtree(live.folder)

    def travel(self, origin: Path, stops: Sequence[str]) -> list[str]:
        """Kill at one stop after the other in one run, and check in the end; the stops that the run did not come to.

        `name` is the next passage of a point after the stop before, `name#3` the third one.
        """
        live = self._on_copy(origin, "travel")
        ahead = list(stops)
        try:
            live.spawn(_kill_at(ahead))
            while ahead and not self._lives_through(live):
                self._await_kill(live)
                del ahead[0]
                live.spawn(_kill_at(ahead))
            if ahead:
                live.kill()
                live.spawn()
            live.await_ready()
            self._complete(live)
        finally:
            live.stop()
        shutil.rmtree(live.folder)
        return ahead

    def travel_all(self, origin: Path, stops: Sequence[str]) -> list[str]:
        """Travel in as many runs as it takes; the stops that no run came to.

        Runs differ a little in their timing: a stop that did not come in its place holds up all that stand behind it. So the next
        run goes on there without counting passages, and a stop that holds up that one too is given up, alone.
        """
        ahead = self.travel(origin, stops)
        given_up = []
        while ahead:
            rest = self.travel(origin, list(map(_name, ahead)))
            if len(rest) == len(ahead):
                given_up.append(rest.pop(0))
            ahead = rest
        return given_up

    def _lives_through(self, live: LiveEngine) -> bool:
        """Whether everything was done before the engine died."""
        return (
            live.becomes_ready()
            and self._attempt(live, self.scenario.act)
            and self._attempt(live, self.scenario.settle)
        )

    def _complete(self, live: LiveEngine) -> None:
        self.scenario.act(live)
        self.scenario.settle(live)
        self.scenario.check(live)

    def _await_kill(self, live: LiveEngine) -> None:
        status = live.await_death()
        assert status == -signal.SIGKILL, f"the engine ended by itself with {status}: {live.log()}"

    def _attempt(self, live: LiveEngine, what: Callable[[LiveEngine], None]) -> bool:
        """Whether it was through before the engine died."""
        try:
            what(live)
        except (BotoCoreError, EngineEnded):
            return False
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            return False
        return True

    def _on_copy(self, origin: Path, name: str) -> LiveEngine:
        # Short names: the sockets below may not have longer paths than Linux allows.
        copy_state(origin, self.folder / name)
        return LiveEngine(self.folder / name, self.time_scale, port=self.origin.port)


def leg(passages: Sequence[str], number: int, count: int) -> list[str]:
    """The stops of one of `count` runs that come to all passages together; each stop is counted from the one before."""
    mine = set(_thinned(passages)[number::count])
    stops: list[str] = []
    since: Counter[str] = Counter()
    for place, passage in enumerate(passages):
        since[_name(passage)] += 1
        if place in mine:
            stops.append(f"{_name(passage)}#{since[_name(passage)]}")
            since.clear()
    return stops


def _thinned(passages: Sequence[str]) -> list[int]:
    """Places of at most MOST_PASSAGES of each point, evenly spread."""
    totals = Counter(map(_name, passages))
    numbers: Counter[str] = Counter()
    kept = []
    for place, name in enumerate(map(_name, passages)):
        if numbers[name] % -(-totals[name] // MOST_PASSAGES) == 0:
            kept.append(place)
        numbers[name] += 1
    return kept


def _name(passage: str) -> str:
    return passage.split("#")[0]


def _kill_at(stops: Sequence[str]) -> dict[str, str]:
    return {"MLSYSTEM_KILL_AT": stops[0]} if stops else {}


def what_is_left_to_do(live: LiveEngine) -> str:
    """Of an engine that did not come to rest: what lives, what waits, and its log."""
    lines = [f"lives: {path.parent.name}" for path in live.living_processes()]
    with closing(sqlite3.connect(f"file:{DataFolder(live.folder).database}?mode=ro", uri=True)) as database:
        for table in ("timers", "outbox"):
            lines += [f"{table}: {row}" for row in database.execute(f"SELECT * FROM {table}")]
    return "\n".join([*lines, live.log()])


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
