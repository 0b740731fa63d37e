"""Log events: put, get, filter."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, insert, select, tuple_

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.log_filter import parse_filter
from mlsystem.engine.decide.paging import read_mark, token_of
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.durable.metric_notice import TOPIC as METRIC_DATA
from mlsystem.engine.services.logs.groups import (
    LogGroup,
    LogStream,
    exclusive,
    group_name,
    require_group,
    require_stream,
)
from mlsystem.engine.services.logs.metric_filter import MetricFilter, measured
from mlsystem.engine.store import schema
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        FilterLogEventsRequestTypeDef,
        GetLogEventsRequestTypeDef,
        PutLogEventsRequestTypeDef,
    )

DEFAULT_LIMIT = 10_000
LONGEST_MESSAGE = 1024 * 1024
# PutLogEvents counts so many bytes for each event beside its message.
EVENT_BYTES = 26
LARGEST_BATCH_BYTES = 1024 * 1024
OLDEST_MS, NEWEST_MS = 14 * 86_400_000, 2 * 3_600_000
EMBEDDED_METRICS = "log.embedded_metrics"


def write_events(house: House, tx: Transaction, group: str, stream: str, events: Iterable[tuple[int, str]]) -> None:
    """Append (milliseconds since the epoch, message); metrics that are embedded in messages are announced in the same transaction.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    ingested = int(tx.now * 1000)
    rows: list[dict[str, Any]] = [
        {
            "group_name": group,
            "stream_name": stream,
            "at_ms": at,
            "ingested_ms": ingested,
            "message": text[:LONGEST_MESSAGE],
        }
        for at, text in events
    ]
    if rows:
        tx.connection.execute(insert(schema.log_events), rows)
    _measure(house, tx, group, stream, [(row["at_ms"], row["message"]) for row in rows])
    documents = [found for row in rows if (found := _embedded(str(row["message"]))) is not None]
    if documents:
        # One notice for all: a busy function writes a line each request, and each notice is a transaction of its own.
        notice = Notice(EMBEDDED_METRICS, {"documents": documents})
        house.worker.notify(tx, LogStream.kind, f"{group}:{stream}", notice)


def _measure(house: House, tx: Transaction, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
    """What the group's metric filters find in new events."""
    filters = tx.all(MetricFilter, parent=group) if events else []
    for namespace, data in measured(filters, events).items():
        notice = Notice(METRIC_DATA, {"namespace": namespace, "data": data})
        house.worker.notify(tx, LogStream.kind, f"{group}:{stream}", notice)


def _embedded(message: str) -> dict[str, Any] | None:
    """The document, where a message is one in embedded metric format."""
    if '"CloudWatchMetrics"' not in message or not message.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):  # a program may print what it likes
        return None
    return document if isinstance(document.get("_aws"), dict) else None


class Events(Part):
    """PutLogEvents, GetLogEvents, FilterLogEvents."""

    def __init__(self, house: House):
        self._house = house

    @operation("PutLogEvents", accepts="logGroupName logStreamName logEvents sequenceToken")
    def put(self, request: PutLogEventsRequestTypeDef, call: Call) -> Mapping[str, object]:
        stream = require_stream(call.tx, request["logGroupName"], request["logStreamName"])
        events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
        if any(later < earlier for (earlier, _), (later, _) in pairwise(events)):
            raise AwsError(
                "InvalidParameterException",
                "Log events in a single PutLogEvents request must be in chronological order.",
            )
        size = sum(len(message.encode()) + EVENT_BYTES for _, message in events)
        if size > LARGEST_BATCH_BYTES:
            message = f"Upload too large: {size} bytes exceeds limit of {LARGEST_BATCH_BYTES}"
            raise AwsError("InvalidParameterException", message)
        taken, rejected = _taken(events, int(call.now * 1000), require_group(call.tx, stream.parent))
        write_events(self._house, call.tx, stream.parent, stream.name, taken)
        return {"nextSequenceToken": "0", **({"rejectedLogEventsInfo": rejected} if rejected else {})}

    @operation(
        "GetLogEvents",
        accepts="logGroupName logGroupIdentifier logStreamName startTime endTime nextToken limit startFromHead",
    )
    def get(self, request: GetLogEventsRequestTypeDef, call: Call) -> Mapping[str, object]:
        """Tokens are marks of `f` and an id (after that event) or `b` (before it); at an end of the stream a token returns itself.

        Forward they come as they were put, so that whoever follows misses none; backward by their times, which the index gives.
        """
        stream = require_stream(call.tx, group_name(request), request["logStreamName"])
        table = schema.log_events
        query = _window(request).where(table.c.group_name == stream.parent, table.c.stream_name == stream.name)
        direction, position = _position(request.get("nextToken"))
        forward = direction == "f" if direction else bool(request.get("startFromHead"))
        if forward:
            query = query.where(table.c.id > position).order_by(table.c.id)
        else:
            query = _before(call.tx, query, position).order_by(table.c.at_ms.desc(), table.c.id.desc())
        query = query.limit(request.get("limit", DEFAULT_LIMIT))
        rows = list(call.tx.connection.execute(query).all())
        if not forward:
            rows.reverse()
        first, last = (rows[0].id, max(row.id for row in rows)) if rows else (position, position)
        events = [{"timestamp": row.at_ms, "message": row.message, "ingestionTime": row.ingested_ms} for row in rows]
        return {
            "events": events,
            "nextForwardToken": token_of(("f", last)),
            "nextBackwardToken": token_of(("b", first)),
        }

    @operation(
        "FilterLogEvents",
        accepts="""logGroupName logGroupIdentifier logStreamNames logStreamNamePrefix startTime endTime filterPattern nextToken
        limit interleaved""",
    )
    def filter(self, request: FilterLogEventsRequestTypeDef, call: Call) -> Mapping[str, object]:
        exclusive(request, "logStreamNames", "logStreamNamePrefix")
        group = require_group(call.tx, group_name(request)).key
        wanted = parse_filter(request.get("filterPattern", ""))
        table = schema.log_events
        query = _window(request).where(table.c.group_name == group)
        if "logStreamNames" in request:
            query = query.where(table.c.stream_name.in_(request["logStreamNames"]))
        if "logStreamNamePrefix" in request:
            query = query.where(table.c.stream_name.startswith(request["logStreamNamePrefix"], autoescape=True))
        position = _position(request.get("nextToken"))[1]
        limit = request.get("limit", DEFAULT_LIMIT)
        rows = call.tx.connection.execute(query.where(table.c.id > position).order_by(table.c.id))
        found: list[dict[str, object]] = []
        for row in rows:
            if len(found) == limit:
                return {"events": found, "nextToken": token_of(("f", position)), "searchedLogStreams": []}
            position = row.id
            if wanted.matches(row.message):
                found.append(_filtered(row))
        return {"events": found, "searchedLogStreams": []}


def _taken(
    events: Sequence[tuple[int, str]], now: int, group: LogGroup
) -> tuple[Sequence[tuple[int, str]], dict[str, int]]:
    """What CloudWatch takes of a batch in the order of time, and where what it leaves out ends and begins."""
    times = [at for at, _ in events]
    old = bisect_left(times, now - OLDEST_MS)
    expired = bisect_left(times, now - group.retention_days * 86_400_000) if group.retention_days else 0
    new = bisect_right(times, now + NEWEST_MS)
    told = {"tooOldLogEventEndIndex": old, "expiredLogEventEndIndex": expired if expired > old else 0}
    rejected = {name: index for name, index in told.items() if index}
    if new < len(times):
        rejected["tooNewLogEventStartIndex"] = new
    return events[max(old, expired) : new], rejected


def _window(request: Mapping[str, Any]) -> Select[Any]:
    table = schema.log_events
    query = select(table)
    if "startTime" in request:
        query = query.where(table.c.at_ms >= request["startTime"])
    if "endTime" in request:
        query = query.where(table.c.at_ms < request["endTime"])
    return query


def _before(tx: Transaction, query: Select[Any], position: int) -> Select[Any]:
    """What came before the event of a token; all without one."""
    table = schema.log_events
    at = tx.connection.execute(select(table.c.at_ms).where(table.c.id == position)).scalar()
    return query if at is None else query.where(tuple_(table.c.at_ms, table.c.id) < (at, position))


def _filtered(row: Any) -> dict[str, object]:
    return {
        "logStreamName": row.stream_name,
        "timestamp": row.at_ms,
        "message": row.message,
        "ingestionTime": row.ingested_ms,
        "eventId": f"{row.id:056d}",
    }


def _position(token: str | None) -> tuple[str, int]:
    """Direction and event id of a token; ("", 0) without one."""
    mark = read_mark(token)
    return ("", 0) if mark is None else (str(mark[0]), int(mark[1]))
