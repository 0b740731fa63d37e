"""Metrics become coarser with age, as CloudWatch's: a second, then a minute, five, an hour; and after fifteen months they are gone.

Sums, counts, minima and maxima stay what they were. Percentiles are exact within a minute, and then to two per cent: the values of a
busy hour would be more than all else together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select

from mlsystem.engine.decide.alarm import coarser, merged
from mlsystem.engine.decide.retention import DAY_SECONDS, METRICS, RESOLUTIONS
from mlsystem.engine.services.cloudwatch.metric import Metric
from mlsystem.engine.services.cloudwatch.points import (
    TABLE,
    known_metrics,
    of_metric,
    row_of,
    rows_between,
    samples_of_row,
)
from mlsystem.engine.store.database import Database, Transaction

AT_ONCE = 500
_REMOVE = delete(TABLE).where(TABLE.c.id == bindparam("gone"))


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
    with database.reading() as tx:
        if not any(len(rows) > 1 for rows in _groups(tx, metric, first, end, period).values()):
            return
    with database.transaction() as tx:
        for (at, unit), rows in _groups(tx, metric, first, end, period).items():
            if len(rows) > 1:
                _merge(tx, metric, at, unit, rows)


def _groups(
    tx: Transaction, metric: Metric, first: float, end: float, period: float
) -> dict[tuple[float, str], list[Any]]:
    groups = defaultdict(list)
    for row in rows_between(tx, metric, first, end):
        groups[row.at // period * period, str(row.unit)].append(row)
    return groups


def _merge(tx: Transaction, metric: Metric, at: float, unit: str, rows: Sequence[Any]) -> None:
    whole = coarser(merged([samples_of_row(row) for row in rows]))
    tx.connection.execute(_REMOVE, [{"gone": row.id} for row in rows])
    tx.connection.execute(insert(TABLE).values(**row_of(metric, at, unit, whole)))
