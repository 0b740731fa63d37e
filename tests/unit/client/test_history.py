"""The history is one list, though several services know it: nothing is told twice, left out, or in the wrong order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mlsystem.client.errors import ClientFailure
from mlsystem.client.history import ENOUGH, FIRST, PAGE, Happening, HistoryPage, Kind, Source, SourcePage, page

AT = datetime(2026, 1, 1, tzinfo=UTC)


def source(kind: Kind, minutes: list[int], size: int) -> Source:
    """A service that knows of these moments, newest first, `size` at once."""
    moments = sorted(minutes, reverse=True)
    known = [
        Happening(AT + timedelta(minutes=minute), kind, f"{number}", "Succeeded")
        for number, minute in enumerate(moments)
    ]

    def told(token: str) -> SourcePage:
        start = int(token or 0)
        shown = tuple(known[start : start + size])
        older = str(start + size) if start + size < len(known) else ""
        return SourcePage(shown, min((one.at for one in shown), default=FIRST), older)

    return told


def all_pages(sources: dict[Kind, Source], size: int, cursor: str = "") -> list[Happening]:
    found: list[Happening] = []
    for _ in range(500):
        part: HistoryPage = page(sources, cursor, size)
        found += part.happenings
        cursor = part.older
        if not cursor:
            return found
    raise AssertionError("the history never ends")


@given(
    some.lists(some.integers(0, 40), max_size=30),
    some.lists(some.integers(0, 40), max_size=30),
    some.integers(1, 7),
    some.integers(3, 9),
)
def test_page_by_page_everything_is_told_once_newest_first(
    executions: list[int], approvals: list[int], at_once: int, size: int
) -> None:
    sources = {
        Kind.EXECUTION: source(Kind.EXECUTION, executions, 5),
        Kind.APPROVAL: source(Kind.APPROVAL, approvals, at_once),
    }
    found = all_pages(sources, size)
    assert len({(one.kind, one.id) for one in found}) == len(found) == len(executions) + len(approvals)
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)


def test_a_page_that_has_enough_is_not_read_on_for_the_rest() -> None:
    asked: list[str] = []
    known = source(Kind.EXECUTION, list(range(3 * ENOUGH)), ENOUGH)

    def counted(token: str) -> SourcePage:
        asked.append(token)
        return known(token)

    first = page({Kind.EXECUTION: counted})
    assert (len(first.happenings), len(asked)) == (ENOUGH, 1)
    assert len(all_pages({Kind.EXECUTION: counted}, PAGE, first.older)) == 2 * ENOUGH


def test_what_had_nothing_to_tell_is_not_read_again() -> None:
    """A page may hold nothing of its kind, or nothing that is older than what was told."""
    asked: list[str] = []

    def of_later_times(token: str) -> SourcePage:
        asked.append(token)
        number = int(token or 0)
        at = AT + timedelta(hours=min(number, 1))
        one = Happening(at, Kind.RETRAINING, f"{number}", "refused")
        return SourcePage((one,), at, f"{number + 1}" if number < 9 else "")

    assert [one.id for one in all_pages({Kind.RETRAINING: of_later_times}, 1)] == ["0"]
    assert asked == ["", *map(str, range(1, 10))]


def test_what_happens_meanwhile_moves_nothing_out_of_the_next_page() -> None:
    known = list(range(10))
    first = page({Kind.EXECUTION: source(Kind.EXECUTION, known, 4)}, "", 3)
    # Tokens are numbers here, as at the engine: something new shifts what they mean.
    later = [*known, 11, 12]
    rest = all_pages({Kind.EXECUTION: named(source(Kind.EXECUTION, later, 4))}, 20, first.older)
    told = [(one.at - AT).total_seconds() / 60 for one in (*first.happenings, *rest)]
    assert told == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def named(told: Source) -> Source:
    """The same, as if the two newest had come later: the others keep their names."""

    def renamed(token: str) -> SourcePage:
        found = told(token)
        return replace(found, happenings=tuple(replace(one, id=f"{int(one.id) - 2}") for one in found.happenings))

    return renamed


@pytest.mark.parametrize("text", ["nonsense", "!!"])
def test_a_cursor_that_was_not_given_out_is_refused_in_words(text: str) -> None:
    with pytest.raises(ClientFailure, match="begin at the newest"):
        page({}, text)
