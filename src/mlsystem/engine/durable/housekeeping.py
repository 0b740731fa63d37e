"""Once a day each part forgets what is past its age.

The day is a timer in the table of timers: one that was missed is made good at the next start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import ClassVar

from mlsystem.engine.durable.machine import Action, Event, SetTimer, Step
from mlsystem.engine.durable.worker import ActionCall, Worker
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.records import Record

log = logging.getLogger(__name__)

DAY_SECONDS = 86400.0
TIDY = "engine.tidy"
TIMER = "tidy"
# Given the time, in seconds since the epoch.
Tidy = Callable[[float], None]


class House(Record):
    """There is one."""

    kind: ClassVar[str] = "engine.housekeeping"


class HouseMachine:
    """`timer`."""

    model = House

    def advance(self, record: House, event: Event, at: float) -> Step[House]:
        if event.name != "timer":
            return Step(record)
        timer = SetTimer(TIMER, after_seconds=DAY_SECONDS)
        return Step(record, actions=(Action(TIDY, f"{at:.3f}"),), timers=(timer,))


class Housekeeping:
    """See the module. Made before the worker starts; `start` before it, too."""

    def __init__(self, database: Database, worker: Worker, clock: Clock, tidies: Sequence[Tidy]):
        self._database = database
        self._worker = worker
        self._clock = clock
        self._tidies = tuple(tidies)
        worker.register_machine(HouseMachine())
        worker.register_action(TIDY, self._tidy)

    def start(self) -> None:
        """The first day of a folder begins now."""
        with self._database.transaction() as tx:
            if tx.get(House, "daily") is None:
                house = House(key="daily")
                step = Step(house, timers=(SetTimer(TIMER, after_seconds=DAY_SECONDS),))
                self._worker.commit_step(tx, house, step)

    def _tidy(self, call: ActionCall) -> None:
        for tidy in self._tidies:
            try:
                tidy(self._clock.now())
            except Exception:  # the supervisor: what one part cannot do now it does tomorrow, and the others today
                log.exception("%r did not tidy up", tidy)
