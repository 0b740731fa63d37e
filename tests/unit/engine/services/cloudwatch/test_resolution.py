"""Metrics become coarser as they grow old, and what is told of them stays right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from mlsystem.engine.decide.alarm import samples_of, statistic
from mlsystem.engine.decide.retention import DAY_SECONDS
from mlsystem.engine.services.cloudwatch.metric import Datum, Metric
from mlsystem.engine.services.cloudwatch.points import TABLE, Bucket, read_buckets, write_points
from mlsystem.engine.services.cloudwatch.resolution import age_metrics
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database

METRIC = Metric("Own", "Latency", (("Name", "one"),))
OTHER = Metric("Own", "Latency", (("Name", "two"),))
HOUR = 3600.0
START = 1_700_000_000.0 // HOUR * HOUR


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "engine.db", ManualClock(START))
    with made.transaction() as tx:
        for metric in (METRIC, OTHER):
            write_points(tx, [_datum(metric, second) for second in range(0, 3600, 10)])
    yield made
    made.close()


def _datum(metric: Metric, second: int, unit: str = "None") -> Datum:
    return Datum(metric, START + second, unit, samples_of([0.001 + second % 337]))


def _hour(database: Database) -> Bucket:
    with database.reading() as tx:
        [bucket] = read_buckets(tx, METRIC, [START], HOUR)
    assert bucket is not None
    return bucket


def _count(database: Database, metric: Metric = METRIC) -> int:
    with database.reading() as tx:
        return len(tx.connection.execute(select(TABLE.c.id).where(TABLE.c.dimensions == metric.dimension_text)).all())


@pytest.mark.parametrize(
    ("days", "rows"),
    [(0.05, 360), (0.2, 60), (14.9, 60), (15.1, 12), (62.9, 12), (63.1, 1), (454.9, 1), (455.1, 0)],
)
def test_points_are_kept_as_finely_as_cloudwatch_keeps_them(database: Database, days: float, rows: int) -> None:
    age_metrics(database, START + HOUR + days * DAY_SECONDS)
    assert (_count(database), _count(database, OTHER)) == (rows, rows)


def test_statistics_stay_and_percentiles_nearly(database: Database) -> None:
    before = _hour(database).samples
    for day in range(1, 100):
        age_metrics(database, START + day * DAY_SECONDS)
    after = _hour(database).samples
    for name in ("SampleCount", "Minimum", "Maximum"):
        assert statistic(after, name) == statistic(before, name)
    assert statistic(after, "Sum") == pytest.approx(statistic(before, "Sum"))
    for name in ("p50", "p90", "p99"):
        assert statistic(after, name) == pytest.approx(statistic(before, name), rel=0.02)
    assert after.values is not None and len(after.values) < len(before.values or {})


def test_units_are_not_mixed(database: Database) -> None:
    with database.transaction() as tx:
        write_points(tx, [_datum(METRIC, second, "Count") for second in (1, 2)])
    age_metrics(database, START + 70 * DAY_SECONDS)
    with database.reading() as tx:
        units = tx.connection.execute(select(TABLE.c.unit).where(TABLE.c.dimensions == METRIC.dimension_text)).scalars()
        assert Counter(units) == {"None": 1, "Count": 1}


def test_a_point_that_comes_late_is_joined_with_the_next_age(database: Database) -> None:
    age_metrics(database, START + DAY_SECONDS)
    with database.transaction() as tx:
        write_points(tx, [_datum(METRIC, 5)])
    age_metrics(database, START + 2 * DAY_SECONDS)
    assert _count(database) == 61
    age_metrics(database, START + 16 * DAY_SECONDS)
    assert _count(database) == 12
    assert _hour(database).samples.count == 361


def test_what_is_repeated_after_a_crash_changes_nothing(database: Database) -> None:
    age_metrics(database, START + 20 * DAY_SECONDS)
    before = _hour(database)
    for name in ("metrics_by_60", "metrics_by_300", "metrics_by_3600"):
        database.change_setting(name, "0")
    age_metrics(database, START + 20 * DAY_SECONDS)
    assert (_hour(database), _count(database)) == (before, 12)
