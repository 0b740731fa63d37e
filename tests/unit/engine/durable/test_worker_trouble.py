"""The worker on a disk that is full for a while: it goes on when there is room again, and does not run hot until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Action, Event, SetTimer, Step
from mlsystem.engine.durable.worker import TROUBLE_SECONDS, ActionCall, Worker
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.records import Record
from tests.live import eventually


class Bell(Record):
    kind: ClassVar[str] = "test.bell"


class BellMachine:
    model = Bell

    def advance(self, record: Bell, event: Event, at: float) -> Step[Bell]:
        match event.name:
            case "set":
                return Step(record, timers=(SetTimer("ring", after_seconds=1),))
            case "ring":
                return Step(record, actions=(Action("test.ring", record.key),))
            case _:
                return Step(record.changed(state=event.name))


class FillableDatabase(Database):
    """Refuses to write while `is_full`, and counts how often that was tried."""

    def __init__(self, path: Path, clock: ManualClock):
        self.is_full = False
        self.refusals = 0
        super().__init__(path, clock)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self.is_full:
            self.refusals += 1
            raise AwsError("InsufficientStorage", "full", 507)
        with super().transaction() as tx:
            yield tx


class Scene:
    def __init__(self, folder: Path):
        self.clock = ManualClock()
        self.database = FillableDatabase(folder / "state.db", self.clock)
        self.worker = Worker(self.database, self.clock)
        self.worker.register_machine(BellMachine())
        self.worker.register_action("test.ring", self._ring)
        self.rung = 0
        with self.database.transaction() as tx:
            tx.add(Bell(key="b", state="silent"))

    def _ring(self, call: ActionCall) -> Event:
        """The disk is full by the time that the action is done."""
        self.rung += 1
        self.database.is_full = self.rung == 1
        return Event("rung")

    def send(self, name: str) -> None:
        with self.database.transaction() as tx:
            self.worker.send(tx, Bell, "b", Event(name))

    def later_state(self) -> str:
        """The state, when a little time has passed again."""
        self.clock.advance(TROUBLE_SECONDS)
        with self.database.reading() as tx:
            bell = tx.get(Bell, "b")
        return bell.state if bell is not None else ""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.worker.start()
    yield made
    made.worker.stop()
    made.database.close()


def test_a_timer_that_cannot_fire_on_a_full_disk_fires_later(scene: Scene) -> None:
    scene.send("set")
    scene.database.is_full = True
    scene.clock.advance(1)
    eventually(lambda: scene.database.refusals)
    scene.database.is_full = False
    eventually(lambda: scene.later_state() == "timer")


def test_an_action_that_cannot_be_written_down_is_not_repeated_at_once(scene: Scene) -> None:
    scene.send("ring")
    eventually(lambda: scene.database.refusals >= 2)
    refusals = scene.database.refusals
    assert scene.rung == 1
    scene.database.is_full = False
    eventually(lambda: scene.later_state() == "rung")
    assert (scene.rung, scene.database.refusals) == (2, refusals)
