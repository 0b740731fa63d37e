"""A file of a bucket, read whole: small ones alone, as a page waits for them. What is never changed once it is there is read once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound

LARGEST = 32 * 1024 * 1024
KEPT_BYTES = 64 * 1024 * 1024
T = TypeVar("T")
ABSENT = ("NoSuchKey", "NoSuchBucket", "404")


def read_file(connection: Connection, uri: str, largest: int = LARGEST) -> bytes:
    """Raises NotFound, and ClientFailure for what cannot be read or is larger."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found = _get(connection, uri, Bucket=bucket, Key=key)
    with found["Body"] as body:
        if found["ContentLength"] > largest:
            raise ClientFailure(f"{uri} has {found['ContentLength']:,} bytes, which is too much to be shown here")
        return bytes(body.read())


def read_start(connection: Connection, uri: str, size: int) -> bytes:
    """Its first bytes. Raises NotFound and ClientFailure."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found = _get(connection, uri, Bucket=bucket, Key=key, Range=f"bytes=0-{size - 1}")
    with found["Body"] as body:
        return bytes(body.read())


def _get(connection: Connection, uri: str, **request: str) -> dict[str, Any]:
    try:
        return dict(connection.client("s3").get_object(**request))
    except ClientError as error:
        kind = NotFound if error.response["Error"]["Code"] in ABSENT else ClientFailure
        raise kind(f"{uri} cannot be read: {error.response['Error']['Message']}") from error


def read_json(connection: Connection, uri: str) -> dict[str, Any]:
    """An object of JSON. Raises NotFound, and ClientFailure for what is none."""
    try:
        return dict(json.loads(read_file(connection, uri)))
    except (ValueError, TypeError) as error:
        raise ClientFailure(f"{uri} is no JSON object: {error}") from error


class FinalDocuments:
    """What nobody changes once it is there. Thread-safe; what was not asked for longest is let go."""

    def __init__(self, most_bytes: int = KEPT_BYTES):
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[int, Any]] = OrderedDict()

    def read(self, connection: Connection, uri: str) -> Any:
        """A JSON document. Raises NotFound, ClientFailure, also for what is no JSON."""

        def load() -> tuple[int, Any]:
            content = read_file(connection, uri)
            try:
                return len(content), json.loads(content)
            except ValueError as error:
                raise ClientFailure(f"{uri} is not JSON: {error}") from error

        return self.kept(connection, uri, load)

    def kept(self, connection: Connection, name: str, load: Callable[[], tuple[int, T]]) -> T:
        """What `load` returns with its size in bytes, which is asked once."""
        mark = (f"{connection.target} {connection.home}", name)
        with self._lock:
            if mark in self._kept:
                self._kept.move_to_end(mark)
                known: T = self._kept[mark][1]
                return known
        size, found = load()
        with self._lock:
            self._kept[mark] = (size, found)
            while len(self._kept) > 1 and sum(kept for kept, _ in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return found
