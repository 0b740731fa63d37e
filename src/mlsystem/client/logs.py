"""Logs of jobs, builds, endpoints and functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound


@dataclass(frozen=True)
class LogLine:
    group: str
    stream: str
    at_ms: int
    message: str


class Logs:
    def __init__(self, connection: Connection):
        self._client = connection.client("logs")

    def groups(self, words: str = "") -> list[str]:
        """Names of the groups that hold these words."""
        pages = self._client.get_paginator("describe_log_groups").paginate()
        return [
            group["logGroupName"] for page in pages for group in page["logGroups"] if words in group["logGroupName"]
        ]

    def find_group(self, name: str) -> str:
        """A group by its name or by a part of it that no other has. Raises NotFound, ClientFailure."""
        found = self.groups(name)
        if name in found:
            return name
        if not found:
            raise NotFound(f"no log group has {name!r} in its name: `mlsystem logs` lists them all")
        if len(found) > 1:
            raise ClientFailure(f"{name!r} is a part of several: {', '.join(found)}")
        return found[0]

    def lines(self, group: str, stream: str = "", words: str = "", since_ms: int = 0) -> Iterator[LogLine]:
        """In the order in which they came. `stream` is the beginning of a stream's name."""
        request = {"logGroupName": group, "startTime": since_ms}
        if stream:
            request["logStreamNamePrefix"] = stream
        if words:
            request["filterPattern"] = words
        try:
            for page in self._client.get_paginator("filter_log_events").paginate(**request):
                for event in page["events"]:
                    yield LogLine(group, event["logStreamName"], event["timestamp"], event["message"].rstrip("\n"))
        except ClientError as error:
            raise ClientFailure(f"{group}: {error.response['Error']['Message']}") from error

    def follow(self, group: str, stream: str, words: str, pause: Callable[[], None]) -> Iterator[LogLine]:
        """All there is, then what comes, until the caller stops."""
        seen: set[tuple[str, int, str]] = set()
        since = 0
        while True:
            newest = since
            for line in self.lines(group, stream, words, since):
                mark = (line.stream, line.at_ms, line.message)
                if mark not in seen:
                    seen.add(mark)
                    yield line
                newest = max(newest, line.at_ms)
            # Lines of the last second may still come.
            since = max(since, newest - 1000)
            seen = {mark for mark in seen if mark[1] >= since}
            pause()


def minutes_ago(minutes: float) -> int:
    """Milliseconds since the epoch."""
    return int((time.time() - minutes * 60) * 1000)
