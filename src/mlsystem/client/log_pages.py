"""Logs as they are read on a page: groups, streams, and the last lines, each bounded.

The last lines of a stream are GetLogEvents' own; those of a whole group are put together from its newest streams. What is searched for
FilterLogEvents finds, from a moment on, oldest first: of many lines the last are kept, as far as `MOST_CALLS` reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.logs import LogLine

PAGE = 50  # of groups or streams, the most that AWS gives at once
MOST_LINES = 500
NEWEST_STREAMS, OF_EACH = 8, 200  # of a group: so many streams, and so many lines of each
MOST_CALLS, CALL = 4, 10_000


@dataclass(frozen=True)
class LogGroup:
    name: str
    created: datetime | None
    bytes: int | None
    retention_days: int | None


@dataclass(frozen=True)
class LogStream:
    name: str
    last: datetime | None


@dataclass(frozen=True)
class Lines:
    """Oldest first. `earlier` and `later` are AWS's tokens, empty where there is no more; `is_cut`: more lines match than were read."""

    lines: tuple[LogLine, ...]
    earlier: str = ""
    later: str = ""
    is_cut: bool = False


class LogPages:
    """Raises NotFound for a group or stream that is not there, ClientFailure where AWS refuses."""

    def __init__(self, connection: Connection):
        self._client = connection.client("logs")

    def groups(self, words: str = "", token: str = "") -> tuple[list[LogGroup], str]:
        """Whose names hold these words; and the token of the next page."""
        found = self._ask("describe_log_groups", limit=PAGE, **_given(logGroupNamePattern=words, nextToken=token))
        return [_group(item) for item in found["logGroups"]], found.get("nextToken", "")

    def streams(self, group: str, beginning: str = "", token: str = "") -> tuple[list[LogStream], str]:
        """Those written to last come first; of those that begin with something, by their names, since AWS knows no other order."""
        order = {"logStreamNamePrefix": beginning} if beginning else {"orderBy": "LastEventTime"}
        asked = {"logGroupName": group, "limit": PAGE, "descending": True, **order, **_given(nextToken=token)}
        found = self._ask("describe_log_streams", **asked)
        return [_stream(item) for item in found["logStreams"]], found.get("nextToken", "")

    def tail(self, group: str, stream: str = "", token: str = "", size: int = MOST_LINES) -> Lines:
        """The last lines of a stream, or those before or after a token; without a stream's whole name, of the newest that begin so."""
        streams = [one.name for one in self.streams(group, stream)[0]]
        if stream in streams:
            return self._of_stream(group, stream, token, size)
        if len(streams) == 1:
            return self._of_stream(group, streams[0], token, size)
        newest = streams[:NEWEST_STREAMS]
        with ThreadPoolExecutor(max(len(newest), 1)) as pool:
            found = list(pool.map(lambda name: self._of_stream(group, name, "", OF_EACH), newest))
        return Lines(tuple(_woven([one.lines for one in found], [bool(one.earlier) for one in found])[-size:]))

    def search(self, group: str, stream: str, words: str, since_ms: int, size: int = MOST_LINES) -> Lines:
        """The last lines with these words, which are a filter pattern of CloudWatch."""
        kept: deque[LogLine] = deque(maxlen=size)
        token, count = "", 0
        for _ in range(MOST_CALLS):
            more = _given(logStreamNamePrefix=stream, nextToken=token)
            asked = {"logGroupName": group, "filterPattern": words, "startTime": since_ms, "limit": CALL, **more}
            found = self._ask("filter_log_events", **asked)
            count += len(found["events"])
            kept.extend(_line(group, item["logStreamName"], item) for item in found["events"])
            token = found.get("nextToken", "")
            if not token:
                break
        return Lines(tuple(kept), is_cut=bool(token) or count > size)

    # ------------------------------------------------------------------ inner
    def _of_stream(self, group: str, stream: str, token: str, size: int) -> Lines:
        asked = {"logGroupName": group, "logStreamName": stream, "limit": size, **_given(nextToken=token)}
        found = self._ask("get_log_events", startFromHead=False, **asked)
        lines = tuple(_line(group, stream, item) for item in found["events"])
        # At an end of the stream a token leads to itself; a page that is not full has nothing before it.
        earlier = found["nextBackwardToken"] if len(lines) == size else ""
        return Lines(lines, earlier, found["nextForwardToken"] if token else "")

    def _ask(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            return dict(getattr(self._client, operation)(**request))
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == "ResourceNotFoundException":
                raise NotFound(f"{message} Logs lists those there are.") from error
            raise ClientFailure(f"{operation}: {message} ({code})") from error


def as_text(lines: Sequence[LogLine]) -> str:
    """A line each, with its time."""
    return "".join(
        f"{_moment(line.at_ms):%Y-%m-%dT%H:%M:%S}.{line.at_ms % 1000:03d}Z {line.message}\n" for line in lines
    )


def _woven(streams: Sequence[Sequence[LogLine]], goes_on: Sequence[bool]) -> list[LogLine]:
    """The lines of several streams by time, from where on none is missing. `goes_on`: the stream has earlier lines too."""
    whole_from = max(
        (lines[0].at_ms for lines, more in zip(streams, goes_on, strict=True) if more and lines), default=0
    )
    lines = [line for lines in streams for line in lines if line.at_ms >= whole_from]
    return sorted(lines, key=lambda line: line.at_ms)


def _given(**members: str) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _line(group: str, stream: str, item: Mapping[str, Any]) -> LogLine:
    return LogLine(group, stream, item["timestamp"], item["message"].rstrip("\n"))


def _group(item: Mapping[str, Any]) -> LogGroup:
    created = _moment(item["creationTime"]) if "creationTime" in item else None
    return LogGroup(item["logGroupName"], created, item.get("storedBytes"), item.get("retentionInDays"))


def _stream(item: Mapping[str, Any]) -> LogStream:
    last = item.get("lastEventTimestamp", item.get("creationTime"))
    return LogStream(item["logStreamName"], _moment(last) if last is not None else None)
