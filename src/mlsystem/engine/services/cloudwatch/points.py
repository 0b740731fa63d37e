"""Metric points in the database: every datum as it was put, so that any period can be made of them later.

Single values are kept with their counts, so percentiles are exact; a statistic set has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, text
from sqlalchemy.dialects.sqlite import insert

from mlsystem.engine.decide.alarm import Samples, Series, merged, statistic
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
_between = select(TABLE).where(
    TABLE.c.namespace == bindparam("namespace"),
    TABLE.c.name == bindparam("name"),
    TABLE.c.dimensions == bindparam("dimensions"),
    TABLE.c.at >= bindparam("first"),
    TABLE.c.at < bindparam("end"),
)
_BETWEEN = Statement(_between.order_by(TABLE.c.id))
_BETWEEN_OF_UNIT = Statement(_between.where(TABLE.c.unit == bindparam("unit")).order_by(TABLE.c.id))


@dataclass(frozen=True)
class Bucket:
    """What was put in one period."""

    samples: Samples
    unit: str


def write_points(tx: Transaction, data: Iterable[Datum], idempotency_key: str | None = None) -> None:
    """With a key, data that were written under it before are not written again."""
    rows = [
        {
            **row_of(datum.metric, datum.at, datum.unit, datum.samples),
            "idempotency_key": f"{idempotency_key}/{position}" if idempotency_key else None,
        }
        for position, datum in enumerate(data)
    ]
    if rows:
        tx.connection.execute(_ADD, rows)


def row_of(metric: Metric, at: float, unit: str, samples: Samples) -> dict[str, object]:
    return {
        "namespace": metric.namespace,
        "name": metric.name,
        "dimensions": metric.dimension_text,
        "at": at,
        "unit": unit,
        "sample_count": samples.count,
        "total": samples.total,
        "minimum": samples.minimum,
        "maximum": samples.maximum,
        "sample": _packed(samples.values),
    }


def samples_of_row(row: Any) -> Samples:
    return Samples(row.sample_count, row.total, row.minimum, row.maximum, _unpacked(bytes(row.sample)))


def rows_between(tx: Transaction, metric: Metric, first: float, end: float, unit: str | None = None) -> list[Any]:
    """Of a metric, in the order in which they were written; `end` is behind the last."""
    named = {"namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimension_text}
    return tx.rows(_BETWEEN if unit is None else _BETWEEN_OF_UNIT, {**named, "first": first, "end": end, "unit": unit})


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
    tx: Transaction, metric: Metric, starts: Sequence[float], period: float, unit: str | None = None
) -> list[Bucket | None]:
    """One bucket for each of the periods, which follow each other without a gap."""
    first, end = starts[0], starts[-1] + period
    parts: list[list[Samples]] = [[] for _ in starts]
    units = ["None"] * len(starts)
    for row in rows_between(tx, metric, first, end, unit):
        position = min(int((row.at - first) / period), len(starts) - 1)
        parts[position].append(samples_of_row(row))
        units[position] = row.unit
    return [Bucket(merged(found), name) if found else None for found, name in zip(parts, units, strict=True)]


def series(buckets: Sequence[Bucket | None], name: str) -> Series:
    """The statistic of each period."""
    return [None if bucket is None else statistic(bucket.samples, name) for bucket in buckets]


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


def _packed(values: Mapping[float, float] | None) -> bytes:
    return b"" if values is None else json.dumps(list(values.items()), separators=(",", ":")).encode()


def _unpacked(packed: bytes) -> dict[float, float] | None:
    return {float(value): float(count) for value, count in json.loads(packed)} if packed else None
