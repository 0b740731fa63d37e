"""The lifecycle of a bucket: rules that remove objects, once a day.

A day is a duration, so the time scale divides it. S3 rounds to the next midnight (UTC); the engine looks a day after the rules were
put, and each day from then on.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Machine, SetTimer, Step
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.lifecycle_rule import (
    SECONDS_A_DAY,
    Rule,
    check_rules,
    due_of_key,
    is_upload_due,
    read_rules,
)
from mlsystem.engine.services.s3.object_store import ObjectStore
from mlsystem.engine.services.s3.uploads import Uploads
from mlsystem.engine.services.s3.versions import Cursor
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        DeleteBucketLifecycleRequestTypeDef,
        GetBucketLifecycleConfigurationRequestTypeDef,
        PutBucketLifecycleConfigurationRequestTypeDef,
    )

DOCUMENT = "lifecycle"
TIMER = "lifecycle"
EXPIRE = "s3.expire"
REASON = "Lifecycle Expiration"
SERVICE_OWNED = "varies_by_storage_class"


class BucketMachine:
    """A bucket lives from day to day as long as it has rules."""

    model = Bucket

    def advance(self, record: Bucket, event: Event, at: float) -> Step[Bucket]:
        if event.name != "timer" or DOCUMENT not in record.documents:
            return Step(record)
        return Step(record, actions=(Action(EXPIRE, f"{record.key}/{at:.3f}"),), timers=(_tomorrow(),))


def _tomorrow() -> SetTimer:
    return SetTimer(TIMER, after_seconds=SECONDS_A_DAY)


class Lifecycle(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html"""

    def __init__(self, house: House, store: ObjectStore, uploads: Uploads):
        self._house = house
        self._store = store
        self._uploads = uploads
        self._day_seconds = SECONDS_A_DAY / house.clock.time_scale

    def machines(self) -> Sequence[Machine[Any]]:
        return (BucketMachine(),)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {EXPIRE: self._expire}

    @operation(
        "PutBucketLifecycleConfiguration",
        accepts="Bucket LifecycleConfiguration ChecksumAlgorithm ExpectedBucketOwner TransitionDefaultMinimumObjectSize",
    )
    def put_bucket_lifecycle_configuration(
        self, request: PutBucketLifecycleConfigurationRequestTypeDef, call: Call
    ) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        rules = request.get("LifecycleConfiguration", {"Rules": []})["Rules"]
        check_rules(rules)
        changed = bucket.with_document(DOCUMENT, [_stored(rule) for rule in rules])
        self._house.worker.commit_step(call.tx, bucket, Step(changed, timers=(_tomorrow(),)))
        return {"TransitionDefaultMinimumObjectSize": SERVICE_OWNED}

    @operation("GetBucketLifecycleConfiguration", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_lifecycle_configuration(
        self, request: GetBucketLifecycleConfigurationRequestTypeDef, call: Call
    ) -> dict[str, object]:
        rules = find_bucket(call.tx, request).documents.get(DOCUMENT)
        if rules is None:
            raise AwsError("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404)
        return {"Rules": [_told(rule) for rule in rules], "TransitionDefaultMinimumObjectSize": SERVICE_OWNED}

    @operation("DeleteBucketLifecycle", accepts="Bucket ExpectedBucketOwner")
    def delete_bucket_lifecycle(self, request: DeleteBucketLifecycleRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        step = Step(bucket.without_document(DOCUMENT), timers=(CancelTimer(TIMER),))
        self._house.worker.commit_step(call.tx, bucket, step)
        return {}

    # ------------------------------------------------------------------ carrying it out
    def _expire(self, action: ActionCall) -> None:
        """Look at every key in a snapshot, and decide again in the transaction that removes what is due."""
        call = Call(self._house.root, None, secrets.token_hex(16))
        with self._house.database.reading() as tx:
            bucket = tx.get(Bucket, action.owner_key)
            rules = read_rules(bucket.documents.get(DOCUMENT, [])) if bucket is not None else []
            keys = self._due_keys(tx, action.owner_key, rules)
            uploads = [upload.key for upload in self._uploads.of_bucket(tx, action.owner_key)]
        for key in keys:
            with self._house.database.transaction() as tx:
                self._expire_key(tx, action.owner_key, key, rules, call)
        for upload_id in uploads:
            with self._house.database.transaction() as tx:
                self._abort(tx, upload_id, rules)

    def _due_keys(self, tx: Transaction, bucket: str, rules: Sequence[Rule]) -> list[str]:
        versions = self._store.versions.walk(tx, bucket, "", Cursor()) if rules else ()
        return [
            key
            for key, group in groupby(versions, key=lambda version: version.key)
            if not due_of_key(rules, list(group), tx.now, self._day_seconds).is_nothing
        ]

    def _expire_key(self, tx: Transaction, name: str, key: str, rules: Sequence[Rule], call: Call) -> None:
        bucket = tx.get(Bucket, name)
        versions = self._store.versions.of_key(tx, name, key)
        if bucket is None or not versions:
            return
        due = due_of_key(rules, versions, tx.now, self._day_seconds)
        for version_id in due.version_ids:
            self._store.delete(tx, bucket, key, version_id, call, REASON)
        if due.current:
            self._store.delete(tx, bucket, key, None, call, REASON)

    def _abort(self, tx: Transaction, upload_id: str, rules: Sequence[Rule]) -> None:
        upload = self._uploads.get(tx, upload_id)
        if upload and is_upload_due(rules, upload.object_key, upload.created_at, tx.now, self._day_seconds):
            self._uploads.forget(tx, upload)


def _stored(rule: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON: with an id, and dates as text."""
    stored = {"ID": secrets.token_urlsafe(24), **rule}
    date = rule.get("Expiration", {}).get("Date")
    return {**stored, "Expiration": {"Date": date.isoformat()}} if date is not None else stored


def _told(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse."""
    date = rule.get("Expiration", {}).get("Date")
    return {**rule, "Expiration": {"Date": datetime.fromisoformat(date)}} if date is not None else dict(rule)
