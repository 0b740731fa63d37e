"""The end of a log is shown without a gap, whichever streams it comes from, and a search is bounded."""

from __future__ import annotations

from typing import Any, cast

from mlsystem.client.connection import Connection
from mlsystem.client.log_pages import MOST_CALLS, OF_EACH, LogPages, as_text
from mlsystem.client.logs import LogLine


class Logs:
    """CloudWatch Logs with streams of numbered lines: `streams` are each stream's times."""

    def __init__(self, streams: dict[str, list[int]]):
        self.streams = streams
        self.calls = 0

    def client(self, _service: str) -> Logs:
        return self

    def describe_log_streams(self, logStreamNamePrefix: str = "", **_: object) -> dict[str, Any]:
        found = [name for name in self.streams if name.startswith(logStreamNamePrefix)]
        return {"logStreams": [{"logStreamName": name} for name in found]}

    def get_log_events(self, logStreamName: str, limit: int, **_: object) -> dict[str, Any]:
        times = self.streams[logStreamName][-limit:]
        events = [{"timestamp": time, "message": f"{logStreamName} {time}"} for time in times]
        return {"events": events, "nextBackwardToken": "b", "nextForwardToken": "f"}

    def filter_log_events(self, **_: object) -> dict[str, Any]:
        """Of which there is no end."""
        self.calls += 1
        return {"events": [{"logStreamName": "a", "timestamp": self.calls, "message": "x"}] * 3, "nextToken": "more"}


def pages(logs: Logs) -> LogPages:
    return LogPages(cast(Connection, logs))


def test_of_several_streams_lines_are_shown_from_where_on_none_is_missing() -> None:
    busy, quiet = list(range(1000, 1000 + 3 * OF_EACH)), [1, 2, 1000 + 3 * OF_EACH]
    lines = pages(Logs({"busy": busy, "quiet": quiet})).tail("group").lines
    assert [line.at_ms for line in lines] == [*busy[-OF_EACH:], quiet[-1]]


def test_a_stream_is_found_by_its_beginning_and_tells_whether_there_is_more_before() -> None:
    logs = pages(Logs({"job/algo-1": [1, 2, 3], "other": [4]}))
    found = logs.tail("group", "job/", size=3)
    assert ([line.at_ms for line in found.lines], found.earlier) == ([1, 2, 3], "b")
    assert logs.tail("group", "job/", size=4).earlier == ""


def test_a_group_without_streams_has_no_lines() -> None:
    assert pages(Logs({})).tail("group").lines == ()


def test_a_search_that_does_not_end_is_cut_and_says_so() -> None:
    logs = Logs({})
    found = pages(logs).search("group", "", "x", 0, size=5)
    assert logs.calls == MOST_CALLS
    assert (len(found.lines), found.is_cut) == (5, True)


def test_a_download_has_the_time_of_each_line() -> None:
    assert as_text([LogLine("g", "s", 1_500, "told")]) == "1970-01-01T00:00:01.500Z told\n"
