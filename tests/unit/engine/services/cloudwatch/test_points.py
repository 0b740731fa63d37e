"""What the points of a metric come to, by period."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.engine.decide.alarm import Samples, samples_of
from mlsystem.engine.services.cloudwatch.metric import Datum, Metric
from mlsystem.engine.services.cloudwatch.points import SeriesReader, read_buckets, write_points
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.statement import driver

METRIC = Metric("Own", "Latency", (("Name", "one"),))
START = 1_700_000_040.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "engine.db", ManualClock(START))
    yield made
    made.close()


def _write(database: Database, *data: tuple[float, Samples], unit: str = "None") -> None:
    with database.transaction() as tx:
        write_points(tx, [Datum(METRIC, START + second, unit, samples) for second, samples in data])


def _series(database: Database, statistic: str, periods: int = 1, unit: str | None = None) -> list[float | None]:
    starts = [START + 60 * number for number in range(periods)]
    with database.reading() as tx:
        return list(SeriesReader(tx).series(METRIC, starts, 60, statistic, unit))


def test_sums_are_exact_however_many_points_there_are(database: Database) -> None:
    _write(database, *((second, samples_of([0.1])) for second in range(10)))
    assert (_series(database, "Sum"), _series(database, "Average")) == ([1.0], [0.1])


def test_each_point_counts_in_its_period_alone(database: Database) -> None:
    _write(database, *((second, samples_of([1.0])) for second in (-0.001, 0, 59.999, 60, 120, 180)))
    assert _series(database, "Sum", periods=4) == [2.0, 1.0, 1.0, 1.0]
    assert _series(database, "Sum", periods=2) == [2.0, 1.0]


def test_a_period_without_points_has_no_value(database: Database) -> None:
    _write(database, (70, samples_of([5.0])))
    assert _series(database, "Maximum", periods=3) == [None, 5.0, None]


def test_percentiles_go_by_all_values_of_a_period(database: Database) -> None:
    _write(database, (0, samples_of([1.0, 2.0], [98.0, 1.0])), (30, samples_of([2.0])))
    assert _series(database, "p50") == [1.0]
    assert _series(database, "p99.5") == [2.0]


def test_a_statistic_set_leaves_no_percentile_but_that_of_one_value(database: Database) -> None:
    _write(database, (0, samples_of([1.0])), (1, Samples(2.0, 5.0, 2.0, 3.0)), (60, Samples(3.0, 6.0, 2.0, 2.0)))
    assert _series(database, "p50", periods=2) == [None, 2.0]
    assert _series(database, "Sum", periods=2) == [6.0, 6.0]


def test_a_unit_that_is_asked_for_leaves_the_others_out(database: Database) -> None:
    _write(database, (0, samples_of([1.0])), unit="Seconds")
    _write(database, (1, samples_of([10.0])), unit="Milliseconds")
    assert (_series(database, "Sum", unit="Seconds"), _series(database, "Sum")) == ([1.0], [11.0])
    assert (_series(database, "p50", unit="Seconds"), _series(database, "Sum", unit="Bytes")) == ([1.0], [None])


def test_no_periods_are_no_buckets(database: Database) -> None:
    with database.reading() as tx:
        assert read_buckets(tx, METRIC, [], 60.0) == []


def test_what_a_chart_needs_stands_in_the_index(database: Database) -> None:
    """Rows of a metric lie as far apart as there are other metrics: a week of them would take several times as long."""
    told: list[str] = []
    with database.reading() as tx:
        connection = driver(tx.connection)
        connection.set_trace_callback(told.append)
        SeriesReader(tx).series(METRIC, [START], 60, "Sum")
        connection.set_trace_callback(None)
        [query] = told
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert "COVERING INDEX metric_points_by_time" in plan[0][3]
