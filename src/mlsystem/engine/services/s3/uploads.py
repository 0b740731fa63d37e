"""Finds uploads, and forgets them with their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.errors import no_such_upload
from mlsystem.engine.services.s3.upload import Upload, UploadedPart
from mlsystem.engine.services.s3.versions import Versions
from mlsystem.engine.store.database import Transaction


class Uploads:
    """The records of multipart uploads, and the files of their parts."""

    def __init__(self, versions: Versions):
        self._versions = versions

    def find(self, tx: Transaction, request: Mapping[str, Any]) -> Upload:
        """By `UploadId`, `Bucket` and `Key`. Raises AwsError: NoSuchBucket, NoSuchUpload."""
        bucket = find_bucket(tx, request)
        upload = tx.get(Upload, request["UploadId"])
        if upload is None or (upload.parent, upload.object_key) != (bucket.key, request["Key"]):
            raise no_such_upload(request["UploadId"])
        return upload

    def get(self, tx: Transaction, upload_id: str) -> Upload | None:
        return tx.get(Upload, upload_id)

    def of_bucket(self, tx: Transaction, bucket: str) -> list[Upload]:
        """In the order in which S3 lists them: by key, then by age."""
        return sorted(tx.all(Upload, parent=bucket), key=lambda upload: (upload.object_key, upload.created_at))

    def parts(self, tx: Transaction, upload: Upload) -> list[UploadedPart]:
        """By number."""
        return sorted(tx.all(UploadedPart, parent=upload.key), key=lambda part: part.number)

    def forget(self, tx: Transaction, upload: Upload) -> None:
        """The upload and its parts; files that have become an object's are not theirs any more."""
        for part in tx.all(UploadedPart, parent=upload.key):
            self._versions.release(tx, part.holder)
            tx.remove(UploadedPart, part.key)
        tx.remove(Upload, upload.key)
