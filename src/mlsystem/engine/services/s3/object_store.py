"""Where the parts of the room meet: publish a new version, find one, read it, delete it.

Publishing and deleting take a transaction, so that rows, files and events agree; what is slow (writing bytes, asking KMS) comes before it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mlsystem.engine.contract import Call, House, Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.conditions import check_write
from mlsystem.engine.services.s3.errors import delete_marker_asked, no_such_key, no_such_version
from mlsystem.engine.services.s3.events import MARKED, REMOVED, Events
from mlsystem.engine.services.s3.object_version import NULL_VERSION, Details, ObjectVersion, Segment
from mlsystem.engine.services.s3.vault import Vault, extents
from mlsystem.engine.services.s3.versions import Versions
from mlsystem.engine.store.bodies import BodyGone, BodySlice
from mlsystem.engine.store.database import Transaction

T = TypeVar("T")

# How often a reader looks again when the object it found is overwritten before its files could be held.
READ_ATTEMPTS = 10


@dataclass(frozen=True)
class Content:
    """What is to become a version; its files are in place. An upload's files are its parts' own, and moved here with them."""

    size: int
    etag: str
    details: Details
    files: Sequence[Segment] = ()
    holder: str = ""


@dataclass(frozen=True)
class Deletion:
    """What a delete did: the version that it removed, or the marker that it made; neither where there was nothing."""

    removed: ObjectVersion | None = None
    marker: ObjectVersion | None = None

    def answer(self, bucket: Bucket) -> dict[str, object]:
        """The members of DeleteObject's response."""
        subject = self.marker or self.removed
        if subject is None or not bucket.is_versioned:
            return {}
        told: dict[str, object] = {"VersionId": subject.version_id}
        return {**told, "DeleteMarker": True} if subject.is_delete_marker else told


class ObjectStore:
    """See the module."""

    def __init__(self, house: House, versions: Versions, vault: Vault):
        self._house = house
        self.bodies = versions.bodies
        self.versions = versions
        self.vault = vault
        self.events = Events(house)

    # ------------------------------------------------------------------ writing
    def commit(
        self, request: Mapping[str, Any], content: Content, reason: str, call: Call
    ) -> tuple[Bucket, ObjectVersion]:
        """Publish what a request puts, in a transaction of its own, if its conditions hold then; else the content's files are removed."""
        try:
            with self._house.database.transaction() as tx:
                bucket = find_bucket(tx, request)
                check_write(request, self.versions.latest(tx, bucket.key, request["Key"]))
                version = self.publish(tx, bucket, request["Key"], content, reason, call)
                race_point(f"s3.{reason}.before_commit")
        except BaseException:
            self.bodies.remove([file.file for file in content.files])
            raise
        race_point(f"s3.{reason}.after_commit")
        return bucket, version

    def publish(
        self, tx: Transaction, bucket: Bucket, key: str, content: Content, reason: str, call: Call
    ) -> ObjectVersion:
        """Make the content the newest version of the key."""
        version = ObjectVersion(
            bucket=bucket.key,
            key=key,
            version_id=_new_version_id() if bucket.state == "Enabled" else NULL_VERSION,
            modified_at=tx.now,
            holder=content.holder or secrets.token_hex(16),
            size=content.size,
            etag=content.etag,
            details=content.details,
        )
        self.versions.add(tx, version, content.files)
        self.events.created(tx, bucket, version, reason, call)
        return version

    def delete(
        self,
        tx: Transaction,
        bucket: Bucket,
        key: str,
        version_id: str | None,
        call: Call,
        reason: str = "DeleteObject",
    ) -> Deletion:
        """One version for good; without its id a marker where the bucket is versioned, else the object. `reason` is the event's."""
        if version_id is not None or not bucket.is_versioned:
            removed = self.versions.version(tx, bucket.key, key, version_id or NULL_VERSION)
            if removed is None:
                return Deletion()
            self.versions.remove(tx, removed)
            self.events.deleted(tx, bucket, removed, REMOVED, reason, call)
            return Deletion(removed=removed)
        marker = ObjectVersion(
            bucket=bucket.key,
            key=key,
            version_id=_new_version_id() if bucket.state == "Enabled" else NULL_VERSION,
            modified_at=tx.now,
            holder=secrets.token_hex(16),
            is_delete_marker=True,
        )
        self.versions.add(tx, marker, ())
        self.events.deleted(tx, bucket, marker, MARKED, reason, call)
        return Deletion(marker=marker)

    # ------------------------------------------------------------------ reading
    def find(self, tx: Transaction, bucket: Bucket, key: str, version_id: str | None = None) -> ObjectVersion:
        """The newest version, or the one of that id. Raises AwsError: NoSuchKey, NoSuchVersion, MethodNotAllowed for a marker."""
        if version_id is None:
            version = self.versions.latest(tx, bucket.key, key)
            if version is None or version.is_delete_marker:
                raise no_such_key(key)
            return version
        version = self.versions.version(tx, bucket.key, key, version_id)
        if version is None:
            raise no_such_version(key, version_id)
        if version.is_delete_marker:
            raise delete_marker_asked()
        return version

    def open(self, tx: Transaction, version: ObjectVersion, start: int, length: int, principal: Principal) -> BodySlice:
        """The bytes of a version. Raises BodyGone when it was deleted since `tx` began: see `settled`."""
        outer = self.vault.outer_key(version.about.encryption, principal)
        return BodySlice(self.bodies, extents(outer, self.versions.files(tx, version.holder), start, length))

    def settled(self, tx: Transaction, read: Callable[[Transaction], T]) -> T:
        """What `read` returns, in a newer snapshot where what it found was deleted before it could be held."""
        try:
            return read(tx)
        except BodyGone:
            pass
        for _ in range(READ_ATTEMPTS):
            with self._house.database.reading() as newer:
                try:
                    return read(newer)
                except BodyGone:
                    continue
        raise AwsError("SlowDown", "Please reduce your request rate: the object is overwritten all the time.", 503)


def version_members(bucket: Bucket, version: ObjectVersion) -> Mapping[str, Any]:
    """`VersionId`, where the bucket is versioned."""
    return {"VersionId": version.version_id} if bucket.is_versioned else {}


def _new_version_id() -> str:
    return secrets.token_urlsafe(24)
