"""Every part tidies up once a day: also on the day that was missed, and although another part cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlsystem.engine.durable.housekeeping import DAY_SECONDS, Housekeeping
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from tests.live import eventually

Keep = Callable[[ManualClock], list[float]]


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    """Runs an engine's housekeeping; when its second part was called, whose first one fails."""
    stops: list[Callable[[], None]] = []

    def run(clock: ManualClock) -> list[float]:
        database = Database(tmp_path / "state.db", clock)
        worker = Worker(database, clock)
        times: list[float] = []

        def fail(now: float) -> None:
            raise OSError("the disk is full")

        Housekeeping(database, worker, clock, (fail, times.append)).start()
        worker.start()
        stops.extend((database.close, worker.stop))
        return times

    yield run
    for stop in reversed(stops):
        stop()


def test_each_day_all_parts_tidy_up(keep: Keep) -> None:
    clock = ManualClock(0.0)
    times = keep(clock)
    for day in (1, 2, 3):
        clock.advance(DAY_SECONDS)
        eventually(lambda: len(times) == day, interval=0.005)  # noqa: B023 - it is over before the next day
    assert times == [DAY_SECONDS, 2 * DAY_SECONDS, 3 * DAY_SECONDS]


def test_a_day_that_was_missed_is_made_good_once(keep: Keep) -> None:
    keep(ManualClock(0.0))
    clock = ManualClock(10 * DAY_SECONDS)
    times = keep(clock)
    eventually(lambda: times, interval=0.005)
    clock.advance(DAY_SECONDS)
    eventually(lambda: len(times) == 2, interval=0.005)
    assert times == [10 * DAY_SECONDS, 11 * DAY_SECONDS]
