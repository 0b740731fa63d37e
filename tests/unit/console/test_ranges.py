"""How far back a page looks is in its URL, and what was found a moment ago is not asked for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.console.ranges import range_of, with_query
from mlsystem.console.recent import Recent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_unknown_range_is_the_usual_one_and_the_rest_of_the_query_stays() -> None:
    found = range_of({"range": "1y", "name": "a b"}, NOW, ("1h", "3h"), "3h")
    assert (found.name, found.length) == ("3h", timedelta(hours=3))
    assert [(one.url, one.is_chosen) for one in found.choices] == [
        ("?range=1h&name=a+b", False),
        ("?range=3h&name=a+b", True),
    ]


def test_a_url_does_not_carry_what_a_stream_knows() -> None:
    assert with_query({"live": "x", "a": "1", "token": "t"}, token="") == "?a=1"


def test_the_same_question_within_a_moment_is_asked_once() -> None:
    clock = [0.0]
    asked: list[int] = []
    recent: Recent[int] = Recent(10, lambda: clock[0])

    def find() -> int:
        asked.append(1)
        return len(asked)

    assert [recent.get("a", find), recent.get("a", find), recent.get("b", find)] == [1, 1, 2]
    clock[0] = 11.0
    assert recent.get("a", find) == 3
