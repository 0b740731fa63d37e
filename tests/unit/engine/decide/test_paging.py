"""Pages: what stays comes once, whatever goes and comes; tokens that are none of this list's are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import ForeignToken, Paging, by_itself, by_member, read_mark, take, token_of

NUMBERS = st.sets(st.integers(0, 60), max_size=40)


@given(kept=NUMBERS, begin=NUMBERS, later=st.lists(NUMBERS, max_size=60), size=st.integers(1, 7), down=st.booleans())
def test_what_is_there_all_the_time_comes_once(
    kept: set[int], begin: set[int], later: list[set[int]], size: int, down: bool
) -> None:
    seen: list[int] = []
    token: str | None = None
    for others in [begin, *later, *([set()] * 70)]:
        now = sorted(kept | others, reverse=down)
        found, token = take(now, token, size, by_itself, descending=down)
        seen += found
        if token is None:
            break
    assert token is None
    assert sorted(one for one in seen if one in kept) == sorted(kept)
    assert len(seen) == len(set(seen))


def test_a_page_of_less_than_nothing_is_refused() -> None:
    pages = Paging(2)
    assert pages.take([1, 2, 3], {"MaxResults": 0}, by_itself)[0] == [1, 2]
    with pytest.raises(AwsError, match="MaxResults must be at least 1, not -5"):
        pages.take([1, 2, 3], {"MaxResults": -5}, by_itself)


def test_the_last_page_has_no_token() -> None:
    assert take([1, 2, 3], None, 3, by_itself) == ([1, 2, 3], None)
    assert take([1, 2, 3], None, 2, by_itself) == ([1, 2], "[2]")
    assert take([1, 2, 3], "[2]", 2, by_itself) == ([3], None)


def test_no_more_is_read_than_the_page_needs() -> None:
    read: list[int] = []

    def items() -> object:
        for one in range(100):
            read.append(one)
            yield one

    take(items(), None, 2, by_itself)  # type: ignore[arg-type]
    assert read == [0, 1, 2]


@pytest.mark.parametrize("token", ["", "x", "7", "{}", "[]", "[[1]]", "[null]", "7" * 5000, '["a"]'])
def test_a_token_of_something_else_is_refused(token: str) -> None:
    with pytest.raises(ForeignToken):
        take([1, 2], token, 1, by_itself)


def test_a_mark_comes_back_as_it_was() -> None:
    assert read_mark(token_of((1.25, "ü/😀"))) == (1.25, "ü/😀")
    assert read_mark(None) is None


def test_a_service_names_its_members() -> None:
    paging = Paging(2, "MaxItems", "Marker", "NextMarker")
    names = [{"Name": name} for name in "abc"]
    first = paging.page(names, {}, "Names", by_member("Name"), lambda one: one["Name"])
    assert first == {"Names": ["a", "b"], "NextMarker": '["b"]'}
    assert paging.page(names, {"Marker": '["b"]', "MaxItems": 9}, "Names", by_member("Name")) == {"Names": [names[2]]}


def test_a_page_may_be_asked_to_be_longer_than_any_list() -> None:
    assert take([1, 2], None, 10**30, by_itself) == ([1, 2], None)
