"""Objects of S3 by their URIs, as other services name them. What is written once and never changed is read once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound

MISSING = ("NoSuchKey", "404", "NoSuchBucket")
KEPT_BYTES = 64 * 2**20


def read_object(connection: Connection, uri: str) -> bytes:
    """Raises NotFound, ClientFailure."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        return bytes(connection.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        words = f"{uri} cannot be read: {error.response['Error']['Message']}"
        raise (NotFound if error.response["Error"]["Code"] in MISSING else ClientFailure)(words) from error


class FinalDocuments:
    """JSON documents that nobody changes once they are there. Thread-safe; the ones that were not asked for longest are let go."""

    def __init__(self, most_bytes: int = KEPT_BYTES):
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[int, Any]] = OrderedDict()

    def read(self, connection: Connection, uri: str) -> Any:
        """Raises NotFound, ClientFailure, also for what is no JSON."""
        mark = (f"{connection.target} {connection.home}", uri)
        with self._lock:
            if mark in self._kept:
                self._kept.move_to_end(mark)
                return self._kept[mark][1]
        content = read_object(connection, uri)
        try:
            found = json.loads(content)
        except ValueError as error:
            raise ClientFailure(f"{uri} is not JSON: {error}") from error
        with self._lock:
            self._kept[mark] = (len(content), found)
            while len(self._kept) > 1 and sum(size for size, _ in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return found
