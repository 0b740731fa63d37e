"""A file of a bucket, read whole: small ones alone, as a page waits for them."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound

LARGEST = 32 * 1024 * 1024
ABSENT = ("NoSuchKey", "NoSuchBucket", "404")


def read_file(connection: Connection, uri: str, largest: int = LARGEST) -> bytes:
    """Raises NotFound, and ClientFailure for what cannot be read or is larger."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        found = connection.client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        kind = NotFound if error.response["Error"]["Code"] in ABSENT else ClientFailure
        raise kind(f"{uri} cannot be read: {error.response['Error']['Message']}") from error
    with found["Body"] as body:
        if found["ContentLength"] > largest:
            raise ClientFailure(f"{uri} has {found['ContentLength']:,} bytes, which is too much to be shown here")
        return bytes(body.read())


def read_start(connection: Connection, uri: str, size: int) -> bytes:
    """Its first bytes. Raises NotFound and ClientFailure."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        found = connection.client("s3").get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{size - 1}")
    except ClientError as error:
        kind = NotFound if error.response["Error"]["Code"] in ABSENT else ClientFailure
        raise kind(f"{uri} cannot be read: {error.response['Error']['Message']}") from error
    with found["Body"] as body:
        return bytes(body.read())


def read_json(connection: Connection, uri: str) -> dict[str, Any]:
    """An object of JSON. Raises NotFound, and ClientFailure for what is none."""
    try:
        return dict(json.loads(read_file(connection, uri)))
    except (ValueError, TypeError) as error:
        raise ClientFailure(f"{uri} is no JSON object: {error}") from error
