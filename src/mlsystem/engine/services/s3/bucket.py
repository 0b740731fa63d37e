"""A bucket: its record, its name's rules, and finding it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.errors import no_such_bucket
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

# Paths of the front door begin with these words: `/endpoints/{name}/invocations`, `/_api/...`, `/_console/...`.
WORDS_OF_THE_DOOR = ("endpoints",)
RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


class Bucket(Record):
    """`key` is its name, `parent` the account; `state` is the versioning status: "", `Enabled` or `Suspended`.

    `documents` are its settings in the shapes of the S3 API, by name; one that is absent was never set.
    """

    kind: ClassVar[str] = "s3.bucket"
    region: str
    documents: dict[str, Any] = Field(default_factory=dict)

    @property
    def is_versioned(self) -> bool:
        """Whether versioning was ever enabled: only then do answers name versions."""
        return self.state != ""

    def with_document(self, name: str, document: object) -> Bucket:
        return self.changed(documents={**self.documents, name: document})

    def without_document(self, name: str) -> Bucket:
        return self.changed(documents={key: value for key, value in self.documents.items() if key != name})


def check_name(name: str) -> None:
    """Raises AwsError(InvalidBucketName). https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    fault = _fault(name)
    if fault is not None:
        raise AwsError("InvalidBucketName", f"The specified bucket is not valid: {name!r} {fault}.", 400)


def _fault(name: str) -> str | None:
    if name in WORDS_OF_THE_DOOR or name.startswith("_"):
        return "is a path of the local engine's front door"
    if NAME.fullmatch(name) is None:
        return (
            "must have 3 to 63 lower-case letters, digits, dots and hyphens, and begin and end with a letter or digit"
        )
    if ".." in name or ".-" in name or "-." in name:
        return "has a dot next to a dot or hyphen"
    if IP_ADDRESS.fullmatch(name):
        return "is formatted as an IP address"
    if name.startswith(RESERVED_PREFIXES) or name.endswith(RESERVED_SUFFIXES):
        return "has a prefix or suffix that S3 reserves"
    return None


LONGEST_KEY_BYTES = 1024


def find_bucket(tx: Transaction, request: Mapping[str, Any]) -> Bucket:
    """The bucket of a request. Raises AwsError(NoSuchBucket), or AccessDenied when it is not `ExpectedBucketOwner`'s."""
    bucket = tx.get(Bucket, request["Bucket"])
    if bucket is None:
        raise no_such_bucket(request["Bucket"])
    key = request.get("Key", "")
    if len(key) > LONGEST_KEY_BYTES or len(key.encode()) > LONGEST_KEY_BYTES:
        raise AwsError("KeyTooLongError", "Your key is too long", 400)
    if request.get("ExpectedBucketOwner", bucket.parent) != bucket.parent:
        raise AwsError("AccessDenied", "Access Denied: the bucket is owned by another account than expected.", 403)
    return bucket
