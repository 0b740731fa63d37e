"""The tables of one data folder.

Records of all rooms share one table: what differs between them is their model, which the room owns; what they share (a key, a
state, a parent, dates) is what gets indexed. Tables with a shape of their own (S3 versions, metric data points) stand beside it.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("parent", String, nullable=False),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    # With the time: without it SQLite prefers the index that has the order, and reads all that have ended.
    Index("records_by_state_and_creation", "kind", "state", "created_at"),
    Index("records_by_parent", "kind", "parent", "created_at"),
    Index("records_by_creation", "kind", "created_at"),
    # Few that go on, among very many below the same parent that have ended.
    Index("records_by_parent_and_state", "kind", "parent", "state", "created_at"),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("type", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("history_by_record", "kind", "key", "id"),
)

timers = Table(
    "timers",
    metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("due_at", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("timers_by_due", "due_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # None for a notice: its delivery and its removal are one transaction.
    Column("idempotency_key", String, nullable=True, unique=True),
    Column("lane", String, nullable=False),
    Column("target", String, nullable=False),
    Column("owner_kind", String, nullable=False),
    Column("owner_key", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Float, nullable=False),
    Index("outbox_by_lane", "lane", "id"),
)

objects = Table(
    "objects",
    metadata,
    Column("bucket", String, primary_key=True),
    Column("key", String, primary_key=True),
    # Grows with each version of a key: the newest has the highest.
    Column("sequence", Integer, primary_key=True),
    Column("version_id", String, nullable=False),
    Column("is_latest", Boolean, nullable=False),
    Column("is_delete_marker", Boolean, nullable=False),
    Column("holder", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("etag", String, nullable=False),
    Column("modified_at", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("objects_latest", "bucket", "is_latest", "key"),
    Index("objects_by_version", "bucket", "key", "version_id", unique=True),
)

# The files whose bytes, one after the other, are an object version's or an uploaded part's: the `holder`. A file that has no row here is
# a stray.
segments = Table(
    "segments",
    metadata,
    Column("file", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed_key", LargeBinary, nullable=False),
    Index("segments_by_holder", "holder", "position"),
)

log_events = Table(
    "log_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("group_name", String, nullable=False),
    Column("stream_name", String, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("ingested_ms", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Index("log_events_by_stream", "group_name", "stream_name", "at_ms", "id"),
    Index("log_events_by_group", "group_name", "at_ms", "id"),
)

metric_points = Table(
    "metric_points",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("namespace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("dimensions", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("unit", String, nullable=False),
    Column("sample_count", Float, nullable=False),
    Column("total", Float, nullable=False),
    Column("minimum", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column("sample", LargeBinary, nullable=False),
    Column("idempotency_key", String, nullable=True, unique=True),
    # With all that a chart shows but percentiles, whose values would make it as large as the table.
    Index(
        "metric_points_by_time",
        *("namespace", "name", "dimensions", "at", "unit", "sample_count", "total", "minimum", "maximum"),
    ),
)

meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))
