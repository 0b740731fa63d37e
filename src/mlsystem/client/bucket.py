"""A bucket of the account, with versions, as CloudFormation and the pipeline read from it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure


class Bucket:
    """By its name; `make` it first where it may not exist."""

    def __init__(self, connection: Connection, name: str):
        self.name = name
        self._connection = connection
        self._s3 = connection.client("s3")

    def make(self) -> None:
        """One that is there already is kept. Raises ClientFailure for a name that is wrong, or taken by another account."""
        region = self._connection.region
        place: dict[str, Any] = {}
        if region != "us-east-1":
            place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            if not self._exists():
                self._s3.create_bucket(Bucket=self.name, **place)
            self._s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        except ClientError as error:
            raise ClientFailure(f"the bucket {self.name} cannot be made: {_words(error)}") from error

    def upload(self, key: str, body: bytes, tags: dict[str, str] | None = None) -> str:
        """Its URL, as CloudFormation takes it. Raises ClientFailure."""
        tagging = {"Tagging": urlencode(tags)} if tags else {}
        try:
            self._s3.put_object(Bucket=self.name, Key=key, Body=body, **tagging)
        except ClientError as error:
            raise ClientFailure(f"s3://{self.name}/{key} cannot be written: {_words(error)}") from error
        return f"https://{self.name}.s3.{self._connection.region}.{self._connection.dns_suffix()}/{key}"

    def _exists(self) -> bool:
        try:
            self._s3.head_bucket(Bucket=self.name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True


def _words(error: ClientError) -> str:
    """A HEAD request is answered by its status alone."""
    if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403 and error.operation_name == "HeadBucket":
        return "the name is taken, and its bucket is not yours to use: choose another name"
    return str(error.response["Error"]["Message"])
