"""Add Transform Header: puts a header on the output of a batch transform job.

A transform job writes `<FileName>.out` without one. The result is `<FileName>` beside it; the output itself stays, so
that a second call makes the same again.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from s3_object import EvidenceError, split_uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)


def add_transform_header(s3: S3Client, event: dict[str, Any]) -> dict[str, str]:
    """`event`: TransformOutputUri (a folder), FileName, Header (a line, or a list of names). Returns the new file's URI."""
    target = f"{event['TransformOutputUri'].rstrip('/')}/{event['FileName']}"
    bucket, key = split_uri(target)
    header = event["Header"] if isinstance(event["Header"], str) else ",".join(event["Header"])
    if not header.strip():
        raise EvidenceError("Header is empty")
    with tempfile.TemporaryFile() as file:  # a file has a length, which S3 wants to know before the first byte
        file.write(f"{header.rstrip()}\n".encode())
        try:
            shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=f"{key}.out")["Body"], file)
        except ClientError as error:
            raise EvidenceError(f"{target}.out: cannot be read: {error}") from error
        file.seek(0)
        s3.put_object(Bucket=bucket, Key=key, Body=file)
    log.info("wrote %s", target)
    return {"TransformOutputUri": target}


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Lambda's entry point."""
    return add_transform_header(boto3.client("s3"), event)
