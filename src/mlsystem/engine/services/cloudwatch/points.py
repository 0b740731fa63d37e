"""Metric points in the database: every datum as it was put, so that any period can be made of them later.

Single values are kept with their counts, so percentiles are exact; a statistic set has none.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, cast, delete, func, select, text
from sqlalchemy.dialects.sqlite import insert

from mlsystem.engine.decide.alarm import Samples, Series, coarser, merged, needs_values, statistic
from mlsystem.engine.services.cloudwatch.metric import Datum, Metric, dimensions_of
from mlsystem.engine.store import schema
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.statement import Statement

TABLE = schema.metric_points

# SQLite has no way of its own to go from one value of an index to the next: to the next dimensions of a metric's name, else to the next
# name of its namespace, else to the next namespace.
_FIRST = "SELECT {0} FROM metric_points WHERE {1} ORDER BY namespace, name, dimensions LIMIT 1"
_KNOWN = f"""
    WITH RECURSIVE metrics (namespace, name, dimensions) AS (
        SELECT * FROM ({_FIRST.format("namespace, name, dimensions", "namespace >= coalesce(:namespace, '')")})
        UNION ALL
        SELECT p.namespace, p.name, p.dimensions FROM metrics AS m JOIN metric_points AS p ON p.id = coalesce(
            ({_FIRST.format("id", "namespace = m.namespace AND name = m.name AND dimensions > m.dimensions")}),
            ({_FIRST.format("id", "namespace = m.namespace AND name > m.name")}),
            ({_FIRST.format("id", ":namespace IS NULL AND namespace > m.namespace")}))
    )
    SELECT namespace, name, dimensions FROM metrics AS m
    WHERE namespace = coalesce(:namespace, namespace) AND name = coalesce(:name, name) AND :since <= (
        SELECT max(at) FROM metric_points AS q
        WHERE q.namespace = m.namespace AND q.name = m.name AND q.dimensions = m.dimensions)
"""  # noqa: S608 - all of it stands here

_ADD = insert(TABLE).on_conflict_do_nothing()

# All but the values of a point stands in the index, in the order of time: the rows themselves, which lie far apart, take several times as
# long. Periods are told apart here, not in SQL: its sum of a tenth, ten times, is less than one.
_FIGURES = (
    cast((TABLE.c.at - bindparam("first")) / bindparam("period"), Integer).label("position"),
    *TABLE.c["unit", "sample_count", "total", "minimum", "maximum"],
)
_WITHIN = (
    TABLE.c.namespace == bindparam("namespace"),
    TABLE.c.name == bindparam("name"),
    TABLE.c.dimensions == bindparam("dimensions"),
    TABLE.c.at >= bindparam("first"),
    TABLE.c.at < bindparam("end"),
)
_OF_UNIT = TABLE.c.unit == bindparam("unit")
_READ = {
    (with_values, of_unit): Statement(
        select(*_FIGURES, *([TABLE.c.sample] if with_values else []))
        .where(*_WITHIN, *([_OF_UNIT] if of_unit else []))
        .order_by(TABLE.c.at)
    )
    for with_values in (False, True)
    for of_unit in (False, True)
}
_REMOVE = delete(TABLE).where(*_WITHIN, _OF_UNIT)


@dataclass(frozen=True)
class Bucket:
    """What was put in one period."""

    samples: Samples
    unit: str


def write_points(tx: Transaction, data: Iterable[Datum], idempotency_key: str | None = None) -> None:
    """With a key, data that were written under it before are not written again."""
    rows = [
        {
            **_row(datum.metric, datum.at, datum.unit, datum.samples),
            "idempotency_key": f"{idempotency_key}/{position}" if idempotency_key else None,
        }
        for position, datum in enumerate(data)
    ]
    if rows:
        tx.connection.execute(_ADD, rows)


def make_coarser(tx: Transaction, metric: Metric, first: float, end: float, period: float) -> None:
    """One point of a unit for each period of `[first, end)` that has several. `first` is where a period begins."""
    removed, added = [], []
    for (position, unit), rows in _several(tx, metric, first, end, period).items():
        at = first + position * period
        removed.append({**_named(metric), "first": at, "end": min(at + period, end), "unit": unit})
        added.append(_row(metric, at, unit, coarser(_samples(rows, with_values=True))))
    if removed:
        tx.connection.execute(_REMOVE, removed)
        tx.connection.execute(_ADD, added)


def has_several(tx: Transaction, metric: Metric, first: float, end: float, period: float) -> bool:
    """Whether `make_coarser` would find anything to do."""
    return bool(_several(tx, metric, first, end, period))


def _several(
    tx: Transaction, metric: Metric, first: float, end: float, period: float
) -> dict[tuple[int, str], list[Any]]:
    groups = defaultdict(list)
    for row in tx.rows(_READ[True, False], {**_named(metric), "first": first, "end": end, "period": period}):
        groups[row.position, row.unit].append(row)
    return {key: rows for key, rows in groups.items() if len(rows) > 1}


def summed_up(data: Iterable[Datum]) -> list[Datum]:
    """All of one metric in one second as one datum: a second is the finest that CloudWatch tells, and requests are many.

    In the order in which they first came, so that the same data are always the same rows.
    """
    groups: dict[tuple[Metric, int, str], list[Datum]] = {}
    for datum in data:
        groups.setdefault((datum.metric, int(datum.at), datum.unit), []).append(datum)
    return [
        found[0] if len(found) == 1 else replace(found[0], samples=merged([one.samples for one in found]))
        for found in groups.values()
    ]


def read_buckets(
    tx: Transaction,
    metric: Metric,
    starts: Sequence[float],
    period: float,
    unit: str | None = None,
    *,
    with_values: bool = True,
) -> list[Bucket | None]:
    """One bucket for each of the periods, which follow each other without a gap; without values no percentile can be told."""
    if not starts:
        return []
    buckets: list[Bucket | None] = [None] * len(starts)
    asked = {**_named(metric), "first": starts[0], "end": starts[-1] + period, "period": float(period), "unit": unit}
    found = tx.rows(_READ[with_values, unit is not None], asked)
    for position, rows in groupby(found, lambda row: min(row.position, len(starts) - 1)):
        of_period = list(rows)
        buckets[position] = Bucket(_samples(of_period, with_values=with_values), of_period[-1].unit)
    return buckets


class SeriesReader:
    """Statistics by period, of what is read once for all of them: three percentiles of a line have the same values."""

    def __init__(self, tx: Transaction):
        self.tx = tx
        self._buckets: dict[tuple[Any, ...], list[Bucket | None]] = {}

    def series(
        self, metric: Metric, starts: Sequence[float], period: float, name: str, unit: str | None = None
    ) -> Series:
        """The statistic of each of the periods, which follow each other without a gap."""
        with_values = needs_values([name])
        key = (metric, tuple(starts[:1]), len(starts), period, unit, with_values)
        if key not in self._buckets:
            self._buckets[key] = read_buckets(self.tx, metric, starts, period, unit, with_values=with_values)
        return [None if bucket is None else statistic(bucket.samples, name) for bucket in self._buckets[key]]


def known_metrics(tx: Transaction, since: float, namespace: str | None = None, name: str | None = None) -> list[Metric]:
    """Those with a point since then, sorted.

    Goes from each metric to the next in their index, since there are few of them and very many points.
    """
    parameters = {"since": since, "namespace": namespace, "name": name}
    rows = tx.connection.execute(text(_KNOWN), parameters)
    return [Metric(row.namespace, row.name, dimensions_of(row.dimensions)) for row in rows]


def newest(tx: Transaction, metric: Metric) -> float | None:
    """When the last of its points is, in seconds since the epoch; None where it has none."""
    found: float | None = tx.connection.execute(select(func.max(TABLE.c.at)).where(*of_metric(metric))).scalar()
    return found


def of_metric(metric: Metric) -> list[ColumnElement[bool]]:
    return [
        TABLE.c.namespace == metric.namespace,
        TABLE.c.name == metric.name,
        TABLE.c.dimensions == metric.dimension_text,
    ]


def _named(metric: Metric) -> dict[str, Any]:
    return {"namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimension_text}


def _row(metric: Metric, at: float, unit: str, samples: Samples) -> dict[str, Any]:
    return {
        **_named(metric),
        "at": at,
        "unit": unit,
        "sample_count": samples.count,
        "total": samples.total,
        "minimum": samples.minimum,
        "maximum": samples.maximum,
        "sample": _packed(samples.values),
    }


def _samples(rows: Sequence[Any], *, with_values: bool) -> Samples:
    """What several rows come to."""
    values = _unpacked([row.sample for row in rows]) if with_values else None
    if len(rows) == 1:
        [row] = rows
        return Samples(row.sample_count, row.total, row.minimum, row.maximum, values)
    return Samples(
        math.fsum(row.sample_count for row in rows),
        math.fsum(row.total for row in rows),
        min(row.minimum for row in rows),
        max(row.maximum for row in rows),
        values,
    )


def _packed(values: Mapping[float, float] | None) -> bytes:
    return b"" if values is None else json.dumps(list(values.items()), separators=(",", ":")).encode()


def _unpacked(packed: Sequence[bytes]) -> dict[float, float] | None:
    """Of several points; None where one of them was put as a set, without single values."""
    if not all(packed):
        return None
    values: dict[float, float] = {}
    for pairs in json.loads(b"[" + b",".join(packed) + b"]"):
        for value, count in pairs:
            values[value] = values.get(value, 0.0) + count
    return values
