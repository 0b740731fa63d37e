"""Buckets and image repositories: emptied, with every version, before they can go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, RunFailed
from mlsystem.client.teardown.removal import Removal


class Storage:
    def __init__(self, connection: Connection):
        self._region = connection.region
        self._s3 = connection.client("s3")
        self._ecr = connection.client("ecr")

    def contents(self, bucket: str, prefix: str = "") -> Iterator[Removal]:
        """All that a bucket holds below a prefix, as one removal; none where there is nothing."""
        if self._exists(bucket) and self._holds(bucket, prefix):
            yield Removal("objects", f"s3://{bucket}/{prefix}", lambda: self._empty(bucket, prefix))

    def bucket(self, bucket: str) -> Iterator[Removal]:
        """A bucket with its contents."""

        def remove() -> None:
            self._empty(bucket, "")
            self._s3.delete_bucket(Bucket=bucket)

        if self._exists(bucket):
            yield Removal("bucket", bucket, remove)

    def repository(self, name: str) -> Iterator[Removal]:
        """A repository of images, with them."""
        try:
            self._ecr.describe_repositories(repositoryNames=[name])
        except self._ecr.exceptions.RepositoryNotFoundException:
            return
        yield Removal("image repository", name, lambda: self._ecr.delete_repository(repositoryName=name, force=True))

    # ------------------------------------------------------------------ inner
    def _exists(self, bucket: str) -> bool:
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                return False
            if status in (301, 400):
                raise ClientFailure(f"the bucket {bucket} is not in the region {self._region}") from error
            raise
        return True

    def _holds(self, bucket: str, prefix: str) -> bool:
        found: dict[str, Any] = self._s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return bool(found.get("Versions") or found.get("DeleteMarkers"))

    def _empty(self, bucket: str, prefix: str) -> None:
        """Raises RunFailed naming the first object that stays."""
        for page in self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
            for upload in page.get("Uploads", ()):
                self._s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if not found:
                continue
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            failed = self._s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors")
            if failed:
                raise RunFailed(
                    f"s3://{bucket}/{failed[0]['Key']} stays: {failed[0].get('Message', failed[0]['Code'])}"
                )
