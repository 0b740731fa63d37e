"""Stars in texts: what they match, and that many of them take no longer than one."""

from __future__ import annotations

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.access.matching import matches
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.log_filter import parse_filter
from mlsystem.engine.decide.pattern import read_pattern
from mlsystem.engine.decide.wildcards import anything_between, starred

LETTERS = st.text("ab*", max_size=12)


@given(LETTERS, st.text("ab", max_size=14))
def test_a_starred_text_matches_what_it_did_with_backtracking(pattern: str, text: str) -> None:
    assert bool(re.fullmatch(starred(pattern), text, re.DOTALL)) == bool(re.fullmatch(translate(pattern), text))


def test_pieces_may_be_of_any_one_character() -> None:
    assert re.fullmatch(anything_between(["a", ".b", ""]), "aXXbX", re.DOTALL)
    assert not re.fullmatch(anything_between(["a", ".b", ""]), "ab", re.DOTALL)


STARS, LONG = "*a" * 30 + "*b", "a" * 20_000


def test_many_stars_are_soon_done_with() -> None:
    """With a star that tries everything each of them would outlast the machine."""
    assert not matches(STARS, LONG, {})
    assert not read_pattern(f'{{"k": [{{"wildcard": "{STARS}"}}]}}').matches({"k": LONG})
    assert not parse_filter(f'{{ $.k = "{STARS}" }}').matches(f'{{"k": "{LONG}"}}')


@pytest.mark.parametrize("text", ['"a\x01b"', '"\\x"', '"\\ud800"'])
def test_a_text_in_quotation_marks_is_read_or_refused(text: str) -> None:
    try:
        parse_filter(f"{{ $.k = {text} }}").matches('{"k": "a"}')
    except AwsError as error:
        assert error.code == "InvalidParameterException"


@pytest.mark.parametrize(("pattern", "text"), [("a?*c", "abc"), ("*", ""), ("a*", "a\nb"), ("${*}*", "*x")])
def test_policies_keep_their_signs(pattern: str, text: str) -> None:
    assert matches(pattern, text, {})
