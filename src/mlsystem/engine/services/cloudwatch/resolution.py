"""Metrics become coarser with age, as CloudWatch's: a second, then a minute, five, an hour; and after fifteen months they are gone.

Sums, counts, minima and maxima stay what they were. Percentiles are exact within a minute, and then to two per cent: the values of a
busy hour would be more than all else together.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import bindparam, delete, func, select

from mlsystem.engine.decide.retention import DAY_SECONDS, METRICS, RESOLUTIONS
from mlsystem.engine.services.cloudwatch.metric import Metric
from mlsystem.engine.services.cloudwatch.points import TABLE, has_several, known_metrics, make_coarser, of_metric
from mlsystem.engine.store.database import Database

AT_ONCE = 500


def age_metrics(database: Database, now: float) -> None:
    """What has come to an age since the last time. Each day of each metric is a transaction of its own, safe to repeat."""
    with database.reading() as tx:
        metrics = known_metrics(tx, since=0.0)
    for metric in metrics:
        _forget(database, metric, METRICS.since(now))
    for after, period in RESOLUTIONS:
        name, end = f"metrics_by_{period:.0f}", (now - after) // period * period
        first = float(database.setting(name, lambda: "0"))
        for metric in metrics:
            for begin in _days(database, metric, first, end):
                _make_coarser(database, metric, begin, min(begin + DAY_SECONDS, end), period)
        database.change_setting(name, str(max(first, end)))


def _forget(database: Database, metric: Metric, before: float) -> None:
    old = select(TABLE.c.id).where(*of_metric(metric), TABLE.c.at < before).limit(AT_ONCE)
    with database.reading() as tx:
        if tx.connection.execute(old.limit(1)).first() is None:
            return
    while True:
        with database.transaction() as tx:
            if not tx.connection.execute(delete(TABLE).where(TABLE.c.id.in_(old))).rowcount:
                return


def _days(database: Database, metric: Metric, first: float, end: float) -> Iterator[float]:
    """Where days begin that have points."""
    nearest = select(func.min(TABLE.c.at)).where(*of_metric(metric), TABLE.c.at >= bindparam("first"))
    while first < end:
        with database.reading() as tx:
            found: float | None = tx.connection.execute(nearest, {"first": first}).scalar()
        if found is None or found >= end:
            return
        begin = max(first, found // DAY_SECONDS * DAY_SECONDS)
        yield begin
        first = found // DAY_SECONDS * DAY_SECONDS + DAY_SECONDS


def _make_coarser(database: Database, metric: Metric, first: float, end: float, period: float) -> None:
    with database.reading() as tx:  # lest others wait for what has nothing to write
        if not has_several(tx, metric, first, end, period):
            return
    with database.transaction() as tx:
        make_coarser(tx, metric, first, end, period)
