"""The verdict as a sentence, what it rests on, and what to do, for each of the three."""

from dataclasses import replace

import pytest

from mlsystem.monitor.report.findings import Finding
from mlsystem.monitor.report.verdict_words import MEANINGS, STEPS, TITLES, basis, doubts, headline, window_words
from mlsystem.monitor.verdicts import Verdict
from tests.unit.monitor.report.made import RUN, evidence, finding, findings, numbers

FINE = finding("fine", Verdict.NOT_DRIFTED, 0.01)
UNKNOWN = finding("unknown", Verdict.CANNOT_TELL, None)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([finding("a"), FINE, UNKNOWN], "The data have drifted: 1 of 3 features has moved farther than is allowed"),
        ([finding("a"), finding("b")], "The data have drifted: 2 of 2 features have moved farther than is allowed"),
        ([FINE], "The data have not drifted: all of 1 feature are within what is allowed"),
        ([FINE, UNKNOWN], "Nobody can tell whether the data have drifted: 1 of 2 features could not be judged"),
        ([], "Nobody can tell whether the data have drifted: no feature was to be compared"),
    ],
)
def test_the_verdict_is_one_sentence(found: list[Finding], sentence: str) -> None:
    assert headline(findings(*found)) == sentence


def test_a_drift_does_not_hide_what_nobody_can_tell() -> None:
    assert doubts(findings(finding("a"), UNKNOWN)) == "Of 1 more feature nobody can tell."
    assert doubts(findings(finding("a"), FINE)) is None


def test_every_verdict_has_a_meaning_and_something_to_do() -> None:
    assert set(TITLES) == set(MEANINGS) == set(STEPS) == set(Verdict)
    assert all(STEPS.values())


def test_it_is_told_which_rows_were_compared() -> None:
    found = evidence((numbers("n", [1.0] * 12_000), numbers("n", [1.0] * 500)))
    assert basis(found) == "Compared: 500 rows in hour.csv, with the 12,000 rows of the baseline."
    window = replace(RUN, window="2026-11-24T01:00:00Z to 2026-11-24T02:00:00Z")
    assert basis(replace(found, run=window)).startswith(
        "Compared: 500 rows of 24 November 2026, 01:00 to 02:00 UTC, with"
    )


@pytest.mark.parametrize(
    ("window", "told"),
    [
        ("2026-11-24T23:00:00Z to 2026-11-25T00:00:00Z", "24 November 2026, 23:00 to 25 November 2026, 00:00 UTC"),
        ("2026-11-24T23:00:00Z to ?", "2026-11-24T23:00:00Z to ?"),
        ("last week", "last week"),
    ],
)
def test_a_window_is_told_as_people_write_it_and_any_other_text_as_it_is(window: str, told: str) -> None:
    assert window_words(window) == told
