"""The tables of object versions and of their files.

Keys are ordered by SQLite's binary collation, which is the order of their UTF-8 bytes: S3's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Result, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from mlsystem.engine.services.s3.object_version import NULL_VERSION, Details, ObjectVersion, Segment
from mlsystem.engine.store.bodies import BodyStore
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.schema import objects, segments
from mlsystem.engine.store.statement import Statement

FIRST_BATCH = 32
LARGEST_BATCH = 1000

# What every put and get asks. The columns of a row are those of ObjectVersion, `body` its details.
_of_key = select(objects).where(objects.c.bucket == bindparam("of_bucket"), objects.c.key == bindparam("of_key"))
_LATEST = Statement(_of_key.where(objects.c.is_latest))
_BY_ID = Statement(_of_key.where(objects.c.version_id == bindparam("of_id")))
_NEWEST = Statement(_of_key.with_only_columns(func.max(objects.c.sequence).label("sequence")))
_NO_LONGER_LATEST = Statement(
    update(objects)
    .where(objects.c.bucket == bindparam("of_bucket"), objects.c.key == bindparam("of_key"), objects.c.is_latest)
    .values(is_latest=False)
)
_INSERT = Statement(insert(objects), objects.c.keys())
_FILES = Statement(select(segments).where(segments.c.holder == bindparam("of_holder")).order_by(segments.c.position))
_HOLD = Statement(insert(segments), segments.c.keys())
_RELEASE = Statement(delete(segments).where(segments.c.holder == bindparam("of_holder")))


@dataclass(frozen=True)
class Cursor:
    """A place in a list: after `key`, or at it."""

    key: str = ""
    is_included: bool = False


class Listed(NamedTuple):
    """What a list tells of an object. `checksums` is JSON, an object by S3's names."""

    key: str
    modified_at: float
    size: int
    etag: str
    checksums: str
    checksum_type: str


# A list has thousands: what it does not tell is not even read.
_LISTED = (
    objects.c.key,
    objects.c.modified_at,
    objects.c.size,
    objects.c.etag,
    # What was written before there were these has them as Details has.
    func.coalesce(func.json_extract(objects.c.body, "$.checksums"), "{}"),
    func.coalesce(func.json_extract(objects.c.body, "$.checksum_type"), Details.model_fields["checksum_type"].default),
)


class Versions:
    """Reads and writes versions; files of removed ones go once the removal has committed."""

    def __init__(self, bodies: BodyStore):
        self.bodies = bodies

    def latest(self, tx: Transaction, bucket: str, key: str) -> ObjectVersion | None:
        """The newest version, be it a delete marker."""
        return _first(_LATEST.rows(tx.connection, {"of_bucket": bucket, "of_key": key}))

    def version(self, tx: Transaction, bucket: str, key: str, version_id: str) -> ObjectVersion | None:
        return _first(_BY_ID.rows(tx.connection, {"of_bucket": bucket, "of_key": key, "of_id": version_id}))

    def of_key(self, tx: Transaction, bucket: str, key: str) -> list[ObjectVersion]:
        """All versions of a key, newest first."""
        query = select(objects).where(objects.c.bucket == bucket, objects.c.key == key)
        return [_version(row) for row in tx.connection.execute(query.order_by(objects.c.sequence.desc()))]

    def is_empty(self, tx: Transaction, bucket: str) -> bool:
        query = select(objects.c.key).where(objects.c.bucket == bucket).limit(1)
        return tx.connection.execute(query).first() is None

    def add(self, tx: Transaction, version: ObjectVersion, files: Sequence[Segment]) -> None:
        """Make it the newest version of its key. A version `null` takes the place of the one that was there before."""
        if version.version_id == NULL_VERSION:
            before = self.version(tx, version.bucket, version.key, NULL_VERSION)
            if before is not None:
                self._forget(tx, before)
        same_key = {"of_bucket": version.bucket, "of_key": version.key}
        [newest] = _NEWEST.rows(tx.connection, same_key)
        _NO_LONGER_LATEST.change(tx.connection, same_key)
        numbered = version.model_copy(update={"sequence": (newest.sequence or 0) + 1})
        _INSERT.change(tx.connection, _columns(numbered))
        self.hold(tx, version.holder, files)

    def change(self, tx: Transaction, version: ObjectVersion) -> None:
        """Write a version again, at its place."""
        tx.connection.execute(update(objects).where(*_same(version)).values(**_columns(version)))

    def remove(self, tx: Transaction, version: ObjectVersion) -> None:
        """Delete it for good; the one before it becomes the newest."""
        self._forget(tx, version)
        if version.is_latest:
            same_key = (objects.c.bucket == version.bucket, objects.c.key == version.key)
            newest = select(func.max(objects.c.sequence)).where(*same_key).scalar_subquery()
            tx.connection.execute(update(objects).where(*same_key, objects.c.sequence == newest).values(is_latest=True))

    def _forget(self, tx: Transaction, version: ObjectVersion) -> None:
        tx.connection.execute(delete(objects).where(*_same(version)))
        self.release(tx, version.holder)

    # ------------------------------------------------------------------ files
    def hold(self, tx: Transaction, holder: str, files: Sequence[Segment]) -> None:
        """Write down whose bytes these files are."""
        for position, file in enumerate(files, start=1):
            _HOLD.change(tx.connection, {"holder": holder, "position": position, **file.model_dump()})

    def files(self, tx: Transaction, holder: str) -> list[Segment]:
        rows = _FILES.rows(tx.connection, {"of_holder": holder})
        return [Segment(file=row.file, size=row.size, sealed_key=row.sealed_key) for row in rows]

    def move(self, tx: Transaction, holder: str, new_holder: str, position: int) -> None:
        """Hand a part's one file to the object that it becomes a part of."""
        tx.connection.execute(
            update(segments).where(segments.c.holder == holder).values(holder=new_holder, position=position)
        )

    def release(self, tx: Transaction, holder: str) -> None:
        """Forget a holder's files, and delete them once that is on disk."""
        names = [row.file for row in _FILES.rows(tx.connection, {"of_holder": holder})]
        if names:
            _RELEASE.change(tx.connection, {"of_holder": holder})
            tx.after_commit(lambda: self.bodies.remove(names))

    def known_files(self, tx: Transaction) -> set[str]:
        return set(tx.connection.execute(select(segments.c.file)).scalars())

    # ------------------------------------------------------------------ listing
    def walk(self, tx: Transaction, bucket: str, prefix: str, cursor: Cursor) -> Iterator[ObjectVersion]:
        """All versions and delete markers from `cursor` on whose keys begin with `prefix`, by key and newest first."""

        def read(place: Cursor, size: int) -> list[ObjectVersion]:
            batch = [_version(row) for row in _rows(tx, bucket, prefix, place, size, all_versions=True)]
            return self._whole_keys(tx, batch) if len(batch) == size else batch

        return _in_batches(read, cursor, FIRST_BATCH)

    def walk_latest(
        self, tx: Transaction, bucket: str, prefix: str, cursor: Cursor, first_batch: int
    ) -> Iterator[Listed]:
        """Objects from `cursor` on whose keys begin with `prefix`, by key; one whose newest version is a delete marker is none."""

        def read(place: Cursor, size: int) -> list[Listed]:
            return [Listed._make(row) for row in _rows(tx, bucket, prefix, place, size, all_versions=False)]

        return _in_batches(read, cursor, first_batch)

    def _whole_keys(self, tx: Transaction, batch: list[ObjectVersion]) -> list[ObjectVersion]:
        """The batch with all versions of its last key, since the next batch begins after that key."""
        last = batch[-1]
        query = select(objects).where(
            objects.c.bucket == last.bucket, objects.c.key == last.key, objects.c.sequence < last.sequence
        )
        rows = tx.connection.execute(query.order_by(objects.c.sequence.desc()))
        return [*batch, *(_version(row) for row in rows)]


B = TypeVar("B", ObjectVersion, Listed)


def _in_batches(read: Callable[[Cursor, int], list[B]], cursor: Cursor, size: int) -> Iterator[B]:
    """The batches grow from `size`, as the caller may soon stop."""
    while True:
        batch = read(cursor, size)
        yield from batch
        if len(batch) < size:
            return
        cursor = Cursor(batch[-1].key)
        size = min(4 * size, LARGEST_BATCH)


def _rows(tx: Transaction, bucket: str, prefix: str, cursor: Cursor, size: int, *, all_versions: bool) -> Result[Any]:
    # The larger of both, so that the index is entered there.
    is_included = cursor.is_included or prefix > cursor.key
    values = {"bucket": bucket, "first": max(prefix, cursor.key), "size": size, "end": prefix_end(prefix)}
    return tx.connection.execute(_listed(is_included, values["end"] is not None, all_versions), values)


@cache
def _listed(is_included: bool, has_end: bool, all_versions: bool) -> Select[Any]:
    """Versions from a key on, or behind it, by key and newest first. Made once: putting it together costs more than running it."""
    key = objects.c.key
    first: ColumnElement[str] = bindparam("first")
    conditions: list[ColumnElement[bool]] = [objects.c.bucket == bindparam("bucket")]
    conditions.append(key >= first if is_included else key > first)
    if has_end:
        conditions.append(key < bindparam("end"))
    if not all_versions:
        conditions += [objects.c.is_latest, ~objects.c.is_delete_marker]
    query = select(objects) if all_versions else select(*_LISTED)
    query = query.where(*conditions).order_by(key, objects.c.sequence.desc())
    return query.limit(bindparam("size"))


def prefix_end(prefix: str) -> str | None:
    """The first string after all that begin with `prefix`, by code point; None where there is none."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index])
        if code < 0x10FFFF:
            # Surrogates are no characters.
            following = 0xE000 if code == 0xD7FF else code + 1
            return prefix[:index] + chr(following)
    return None


def _same(version: ObjectVersion) -> tuple[ColumnElement[bool], ...]:
    return (
        objects.c.bucket == version.bucket,
        objects.c.key == version.key,
        objects.c.sequence == version.sequence,
    )


def _columns(version: ObjectVersion) -> dict[str, Any]:
    columns = version.model_dump(exclude={"details"})
    return {**columns, "body": version.details.model_dump_json() if version.details is not None else ""}


def _first(rows: Sequence[Any]) -> ObjectVersion | None:
    return _version(rows[0]) if rows else None


def _version(row: Any) -> ObjectVersion:
    values = row._asdict()
    body = values.pop("body")
    return ObjectVersion(**values, details=Details.model_validate_json(body) if body else None)
