"""Sentences that need no statistics: where values were and are, what came and went, what is missing."""

from collections.abc import Sequence

import numpy as np
import pytest

from mlsystem.monitor.profile import FeatureProfile
from mlsystem.monitor.report.element import element
from mlsystem.monitor.report.evidence import feature_evidence
from mlsystem.monitor.report.feature_words import describe, how_far, small_print
from mlsystem.monitor.report.findings import Finding
from mlsystem.monitor.verdicts import Verdict
from tests.unit.monitor.report.made import HOSTILE, finding, judged_by_test, numbers, words


def told(before: FeatureProfile | None, now: FeatureProfile | None, found: Finding | None = None) -> list[str]:
    """The sentences, without the marks around values."""
    sentences = describe(found or finding(), feature_evidence("n", before, now))
    text = [element("p", *sentence).render() for sentence in sentences]
    return [
        one.removeprefix("<p>").removesuffix("</p>").replace('<bdi class="foreign">', "").replace("</bdi>", "")
        for one in text
    ]


def around(middle: float, width: float) -> Sequence[float]:
    return [float(number) for number in np.linspace(middle - width, middle + width, 1001)]


def test_numbers_are_told_by_where_they_usually_are() -> None:
    assert told(numbers("temp", around(36.5, 8)), numbers("temp", around(78, 8))) == [
        "Usually between 30.1 and 42.9 (eight in ten values); now between 71.6 and 84.4.",
        "Nine in ten values are above the greatest of the baseline (44.5).",
    ]


def test_numbers_that_fell_below_all_of_the_baseline_are_told_so() -> None:
    assert told(numbers("n", around(0, 1)), numbers("n", around(-9, 1)))[1] == (
        "Nine in ten values are below the least of the baseline (−1)."
    )


def test_numbers_that_are_all_alike_are_told_as_one() -> None:
    assert told(numbers("n", around(0, 1)), numbers("n", [7.0] * 90))[0] == (
        "Usually between −0.8 and 0.8 (eight in ten values); now at 7."
    )


def test_where_the_ends_stayed_the_place_that_changed_most_is_told() -> None:
    ends = [0.0] * 150 + [100.0] * 150
    before, now = [*ends, *np.linspace(1, 99, 700).tolist()], [*ends, *np.linspace(40, 44, 700).tolist()]
    first, second = told(numbers("n", before), numbers("n", now))
    assert first == "Eight in ten values lie between 0 and 100, as they did."
    assert second == "From 40 to under 45: 3.5\u00a0% of the values before, 70\u00a0% now."


def test_few_numbers_and_categories_are_told_by_what_gained_and_lost() -> None:
    assert told(numbers("late", [0.0] * 95 + [1.0] * 5), numbers("late", [0.0] * 40 + [1.0] * 60)) == [
        "1 gained most: 5\u00a0% of the values before, 60\u00a0% now.",
        "0 lost most: 95\u00a0% of the values before, 40\u00a0% now.",
    ]
    assert told(words("w", {"a": 60, "b": 40}), words("w", {"b": 50, "c": 30, "d": 10, "e": 6, "f": 4})) == [
        "c gained most: 0\u00a0% of the values before, 30\u00a0% now.",
        "a lost most: 60\u00a0% of the values before, 0\u00a0% now.",
        "New, not in the baseline: c, d, e and 1 more (50\u00a0% of the values now).",
        "Not seen now: a (60\u00a0% of the values before).",
    ]


def test_what_stayed_is_told_to_have_stayed() -> None:
    same = words("w", {"a": 60, "b": 40})
    assert told(same, same) == ["Every value is about as frequent as it was."]


def test_missing_values_are_told_where_their_share_changed() -> None:
    before, now = numbers("n", around(0, 1), rows=1020), numbers("n", around(0, 1), rows=2000)
    assert told(before, now)[-1] == "Missing: 1.9\u00a0% of the rows before, 50\u00a0% now."


def test_what_nobody_can_tell_is_said_first_with_its_reason() -> None:
    unknown = Finding("n", Verdict.CANNOT_TELL, "the column is missing")
    assert told(numbers("n", around(0, 1)), None, unknown) == [
        "Nobody can tell: the column is missing.",
        "It was usually between −0.8 and 0.8; now there is no number.",
    ]
    assert told(words("w", {"a": 9, "b": 1}), None, unknown)[1] == "In the baseline the most frequent were a, b."
    assert told(None, None, unknown) == ["Nobody can tell: the column is missing."]


def test_a_hostile_category_is_told_and_does_nothing() -> None:
    text = " ".join(told(words("w", {"a": 1}), words("w", {HOSTILE: 1})))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("found", "small", "far"),
    [
        (finding(), "Robust: distance 0.5, limit 0.1; 100 values in the baseline, 50 now", "5 times what is allowed"),
        (finding(distance=0.0), "Robust: distance 0, limit 0.1; 100 values in the baseline, 50 now", "none"),
        (
            judged_by_test("n", 0.01),
            "KolmogorovSmirnov: distance 0.99 (1 less the p-value of 0.01), limit 0.95; 100 values in the baseline, 50 now",
            "chance gives as much in 1\u00a0% of samples",
        ),
        (
            judged_by_test("n", 1e-9),
            "KolmogorovSmirnov: distance 1 (1 less the p-value of 1e-09), limit 0.95; 100 values in the baseline, 50 now",
            "chance hardly ever gives as much",
        ),
        (Finding("n", Verdict.CANNOT_TELL, "the column is missing"), "Nothing was compared.", "not measured"),
        (finding("n", Verdict.CANNOT_TELL, None), "100 values in the baseline, 50 now", "not measured"),
    ],
)
def test_the_small_print_has_method_distance_and_limit(found: Finding, small: str, far: str) -> None:
    assert (small_print(found), how_far(found)) == (small, far)
