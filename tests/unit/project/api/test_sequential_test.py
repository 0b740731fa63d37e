"""The test's distribution is exact, and its evidence is an e-value: what the stated false-alarm rate rests on."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sequential_test import Odds, Table, log_evidence, log_likelihood_ratio, log_probability

ODDS = Odds(1.5, (3.0, 6.0, 12.0, 48.0))


def tables(new: int, old: int, bad: int) -> list[Table]:
    return [Table(new, old, count, bad - count) for count in range(max(0, bad - old), min(bad, new) + 1)]


def exact(table: Table, odds_ratio: Fraction) -> Fraction:
    """From the definition, in fractions."""

    def weight(one: Table) -> Fraction:
        return math.comb(one.new, one.new_bad) * math.comb(one.old, one.old_bad) * odds_ratio**one.new_bad

    return weight(table) / sum(map(weight, tables(table.new, table.old, table.new_bad + table.old_bad)), Fraction())


@pytest.mark.parametrize("odds_ratio", [Fraction(1, 3), Fraction(1), Fraction(3, 2), Fraction(48)])
def test_the_distribution_is_that_of_its_definition(odds_ratio: Fraction) -> None:
    for new, old in product(range(5), range(6)):
        for bad in range(new + old + 1):
            for table in tables(new, old, bad):
                found = math.exp(log_probability(table, float(odds_ratio)))
                assert found == pytest.approx(float(exact(table, odds_ratio)), rel=1e-12)


def test_it_is_the_distribution_of_two_versions_with_these_odds_given_the_totals() -> None:
    """By counting out what each request of two binomial versions may do."""
    new, old, share, odds_ratio = 3, 4, 0.2, 2.5
    odds = odds_ratio * share / (1 - share)
    worse = odds / (1 + odds)
    found: dict[tuple[int, int], float] = {}
    for outcomes in product((0, 1), repeat=new + old):
        chances = [worse if place < new else share for place in range(new + old)]
        chance = math.prod(p if bad else 1 - p for bad, p in zip(outcomes, chances, strict=True))
        key = (sum(outcomes[:new]), sum(outcomes))
        found[key] = found.get(key, 0.0) + chance
    for (new_bad, bad), chance in found.items():
        total = sum(value for (_, other), value in found.items() if other == bad)
        table = Table(new, old, new_bad, bad - new_bad)
        assert chance / total == pytest.approx(math.exp(log_probability(table, odds_ratio)))


@given(
    st.integers(0, 30),
    st.integers(0, 60),
    st.data(),
    st.floats(0.01, 1.0),
    st.floats(0.5, 4.0),
    st.floats(1.01, 50.0),
)
def test_what_is_expected_of_one_stratum_is_at_most_one_whatever_is_tolerated(
    new: int, old: int, data: st.DataObject, share: float, tolerated: float, factor: float
) -> None:
    """At the tolerated odds ratio it is one; below it, less."""
    bad = data.draw(st.integers(0, new + old))
    for odds_ratio in (tolerated, tolerated * share):
        mean = sum(
            math.exp(log_probability(table, odds_ratio) + log_likelihood_ratio(table, tolerated, tolerated * factor))
            for table in tables(new, old, bad)
        )
        assert mean <= 1 + 1e-9
        if odds_ratio == tolerated:
            assert mean == pytest.approx(1)


def test_over_strata_no_look_is_reached_too_often() -> None:
    """All courses of four strata, with their chances at the tolerated odds ratio: Ville's inequality, counted out."""
    strata = [(2, 5, 2), (3, 4, 3), (2, 6, 3), (3, 6, 2)]
    for rate in (0.5, 0.2, 0.1, 0.02):
        reached, mean = 0.0, 0.0
        for course in product(*(tables(*totals) for totals in strata)):
            chance = math.exp(math.fsum(log_probability(table, ODDS.tolerated) for table in course))
            looks = log_evidence(course, ODDS)
            mean += chance * math.exp(looks[-1])
            reached += chance * (max(looks) >= math.log(1 / rate))
        assert mean == pytest.approx(1)
        assert reached <= rate


def test_a_stratum_of_one_version_alone_or_without_a_bad_request_says_nothing() -> None:
    for table in (Table(0, 40, 0, 7), Table(30, 0, 30, 0), Table(20, 180, 0, 0), Table(20, 180, 20, 180)):
        assert log_evidence([table], ODDS) == pytest.approx([0.0])


def test_errors_of_the_new_version_alone_are_evidence_and_those_of_both_are_none() -> None:
    alone = log_evidence([Table(20, 180, 4, 0)] * 3, ODDS)
    both = log_evidence([Table(20, 180, 2, 18)] * 30, ODDS)
    assert math.exp(alone[-1]) > 1000
    assert math.exp(max(both)) < 2


def test_the_complement_looks_to_the_other_side() -> None:
    few = Table(20, 180, 1, 90)
    assert few.complement == Table(20, 180, 19, 90)
    assert log_evidence([few], ODDS)[0] < 0 < log_evidence([few.complement], ODDS)[0]


def test_counts_of_a_large_stratum_stay_finite() -> None:
    assert math.isfinite(log_evidence([Table(5000, 45_000, 900, 300)], ODDS)[0])


@pytest.mark.parametrize("wrong", [(1.5, ()), (1.5, (1.5,)), (0.0, (1.0,))])
def test_alternatives_that_are_tolerated_are_refused(wrong: tuple[float, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="alternatives"):
        Odds(*wrong)


def test_more_bad_requests_than_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="more bad"):
        Table(1, 1, 2, 0)
