"""The kill-point harness: end the engine with SIGKILL at every named race point of a scenario, start it again, and see that all is well.

A scenario prepares a data folder once, then does one thing. A first run writes down every race point that it passes; then, for each of
them, a copy of the prepared folder is run until the engine dies there, started again, and checked. `make chaos` (MLSYSTEM_CHAOS=1) visits
every passage of every point; otherwise only the scenario's essential ones are, once each.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from mlsystem.engine.store.folder import DataFolder
from tests.finished import copy_state
from tests.live import EngineEnded, LiveEngine

# The front door answers for a dead engine in JSON, which a client of an XML service cannot read.
UNANSWERED = (BotoCoreError, EndpointConnectionError, ResponseParserError, EngineEnded)


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

    def __init__(self, folder: Path, scenario: Scenario):
        self.folder = folder
        self.scenario = scenario
        self.origin = LiveEngine(folder / "origin")

    def prepared(self) -> Path:
        """The data folder that every run is a copy of."""
        self.origin.start()
        try:
            self.scenario.prepare(self.origin)
        finally:
            self.origin.stop()
        return self.origin.folder

    def points(self, origin: Path) -> list[str]:
        """Every passage of a race point in an undisturbed run, from the first request on."""
        live = LiveEngine(self._copy(origin, "undisturbed"), port=self.origin.port)
        log = self.folder / "points.log"
        live.start({"MLSYSTEM_RACE_LOG": str(log)})
        try:
            at_start = _lines(log)
            self.scenario.act(live)
            self.scenario.settle(live)
            self.scenario.check(live)
        finally:
            live.stop()
        passages = _lines(log)[len(at_start) :]
        missing = set(self.scenario.essential) - {passage.split("#")[0] for passage in passages}
        assert not missing, f"the scenario does not pass {sorted(missing)}"
        return passages if os.environ.get("MLSYSTEM_CHAOS") == "1" else list(self.scenario.essential)

    def visit(self) -> None:
        """Kill at each point in turn."""
        origin = self.prepared()
        for point in self.points(origin):
            self.kill_at(origin, point)

    def kill_at(self, origin: Path, point: str) -> None:
        """AssertionError when the engine did not die there, or when an invariant is broken afterwards."""
        live = LiveEngine(self._copy(origin, "killed"), port=self.origin.port)
        try:
            live.start({"MLSYSTEM_KILL_AT": point})
            acted = self._attempt(live, self.scenario.act)
            if acted:
                self._attempt(live, self.scenario.settle)
            status = live.await_death()
            assert status == -signal.SIGKILL, f"the engine ended by itself with {status}: {live.log()}"
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

    def _attempt(self, live: LiveEngine, what: Callable[[LiveEngine], None]) -> bool:
        """Whether it was through before the engine died."""
        try:
            what(live)
        except UNANSWERED:
            return False
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            return False
        return True

    def _copy(self, origin: Path, name: str) -> Path:
        target = self.folder / name
        copy_state(origin, target)
        return target


def what_is_left_to_do(live: LiveEngine) -> str:
    """Of an engine that did not come to rest: what lives, what waits, and its log."""
    lines = [f"lives: {path.parent.name}" for path in live.living_processes()]
    with closing(sqlite3.connect(f"file:{DataFolder(live.folder).database}?mode=ro", uri=True)) as database:
        for table in ("timers", "outbox"):
            lines += [f"{table}: {row}" for row in database.execute(f"SELECT * FROM {table}")]
    return "\n".join([*lines, live.log()])


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
