"""Numbers for people: the digits that matter, and nothing that is not nothing becomes 0 %."""

import pytest

from mlsystem.monitor.report.numerals import count, numeral, one_in, percent, times


@pytest.mark.parametrize(
    ("number", "spread", "text"),
    [
        (0.0, 0.0, "0"),
        (30.02, 13.0, "30"),
        (2013.0, 4.0, "2013"),
        (12345.0, 3000.0, "12,345"),
        (-4.5, 10.0, "−4.5"),
        (-0.001, 100.0, "0"),
        (1_234_567.0, 0.0, "1.23\u00a0million"),
        (2.5e9, 1e9, "2.5\u00a0billion"),
        (1_000_123.0, 50.0, "1,000,123"),
        (1e-7, 0.0, "1e-07"),
        (3e20, 0.0, "3e+20"),
        (0.123456, 0.01, "0.1235"),
    ],
)
def test_a_number_has_the_digits_that_matter_in_its_range(number: float, spread: float, text: str) -> None:
    assert numeral(number, spread) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0"),
        (1e-9, "under 0.1"),
        (0.034, "3.4"),
        (0.57, "57"),
        (0.9964, "99.6"),
        (0.99999, "over 99.9"),
        (1.0, "100"),
    ],
)
def test_only_nothing_is_no_per_cent_and_only_all_is_a_hundred(share: float, text: str) -> None:
    assert percent(share) == f"{text}\u00a0%"


def test_times_counts_and_odds_are_short() -> None:
    assert [times(ratio) for ratio in (0.005, 1.085, 9.832, 55.4, float("inf"))] == [
        "under 0.01 times",
        "1.08 times",
        "9.8 times",
        "55 times",
        "over 1,000 times",
    ]
    assert [count(1, "row"), count(29425, "row")] == ["1 row", "29,425 rows"]
    assert [one_in(share) for share in (0.0193, 3.7e-5, 0.0)] == ["1 in 52", "1 in 27,000", "1 in 1,000,000,000,000"]
