"""What S3 tells EventBridge, for buckets that want it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from mlsystem.engine.contract import Call, House
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.s3.bucket import Bucket
from mlsystem.engine.services.s3.object_version import ObjectVersion
from mlsystem.engine.services.s3.times import iso_instant
from mlsystem.engine.store.database import Transaction

# The events room subscribes to this topic: every AWS service's events arrive there.
TOPIC = "aws.event"

REMOVED = "Permanently Deleted"
MARKED = "Delete Marker Created"


class Events:
    """Queues an event in the transaction that makes it true."""

    def __init__(self, house: House):
        self._house = house

    def created(self, tx: Transaction, bucket: Bucket, version: ObjectVersion, reason: str, call: Call) -> None:
        about = {"size": version.size, "etag": version.etag}
        self._tell(tx, bucket, version, "Object Created", about, {"reason": reason}, call)

    def deleted(
        self, tx: Transaction, bucket: Bucket, version: ObjectVersion, deletion_type: str, reason: str, call: Call
    ) -> None:
        """`version` is the marker where one was made (MARKED), else what was deleted for good (REMOVED)."""
        detail = {"reason": reason, "deletion-type": deletion_type}
        self._tell(tx, bucket, version, "Object Deleted", {"etag": version.etag} if version.etag else {}, detail, call)

    def tagged(self, tx: Transaction, bucket: Bucket, version: ObjectVersion, call: Call) -> None:
        detail_type = "Object Tags Added" if version.about.tags else "Object Tags Deleted"
        self._tell(tx, bucket, version, detail_type, {"etag": version.etag}, {}, call)

    def _tell(
        self,
        tx: Transaction,
        bucket: Bucket,
        version: ObjectVersion,
        detail_type: str,
        about: Mapping[str, object],
        more: Mapping[str, object],
        call: Call,
    ) -> None:
        if "EventBridgeConfiguration" not in bucket.documents.get("notification", {}):
            return
        scope = self._house.scope
        told: dict[str, object] = {"key": version.key, **about}
        if bucket.is_versioned:
            told["version-id"] = version.version_id
        told["sequencer"] = f"{int(tx.now * 1_000_000):016X}"
        detail = {
            "version": "0",
            "bucket": {"name": bucket.key},
            "object": told,
            "request-id": call.request_id,
            "requester": call.principal.account,
            **more,
        }
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "source": "aws.s3",
            "detail-type": detail_type,
            "account": scope.account,
            "region": scope.region,
            "time": iso_instant(tx.now),
            "resources": [scope.global_arn("s3", bucket.key, with_account=False)],
            "detail": detail,
        }
        self._house.worker.notify(tx, "s3.bucket", bucket.key, Notice(TOPIC, event))
