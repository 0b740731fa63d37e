"""report.json holds all that the page needs: it comes back as it was, and what is wrong with it names its place."""

import json
from dataclasses import replace

import pytest

from mlsystem.monitor.document import DocumentError
from mlsystem.monitor.jackson import write
from mlsystem.monitor.report.evidence import Evidence, Run, gather
from mlsystem.monitor.report.evidence_document import evidence_document, parse_evidence
from mlsystem.monitor.unusual_rows import Cell, UnusualRow
from tests.unit.monitor.report.made import HOSTILE, dataset, numbers, words


def some_evidence() -> Evidence:
    before = dataset(
        numbers("n", [float(i) for i in range(100)]), words(HOSTILE, {"a": 60, HOSTILE: 40}), words("w", {"a": 100})
    )
    now = dataset(numbers("n", [float(i) for i in range(50)], rows=80), words(HOSTILE, {HOSTILE: 80}))
    run = Run("2026-11-24T02:30:00+00:00", "hour.csv", "1 to 2", "flights-prd", "flights-hourly")
    rows = (UnusualRow(7, 9.5, (Cell("n", "1e9", 0.001), Cell(HOSTILE, None))),)
    return gather(run, before, now, ["n", HOSTILE, "w"], ["left out"], rows)


def test_evidence_comes_back_as_it_was_written() -> None:
    evidence = some_evidence()
    assert parse_evidence(json.loads(write(evidence_document(evidence)))) == evidence


def test_that_nobody_looked_for_unusual_rows_is_not_that_there_are_none() -> None:
    for rows in (None, ()):
        evidence = replace(some_evidence(), worst_rows=rows)
        assert parse_evidence(json.loads(write(evidence_document(evidence)))).worst_rows == rows


def test_a_missing_column_is_no_column_without_values() -> None:
    evidence = some_evidence()
    assert [one.missing_now for one in evidence.features] == [0.375, 0.0, None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", r"\$ is not an object"),
        ('{"created": "now"}', r"\$ has no member 'source'"),
        ('{"created": 5}', r"\$.created is not a string"),
    ],
)
def test_what_is_no_evidence_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem):
        parse_evidence(json.loads(text))


def test_a_number_that_cannot_be_drawn_is_refused() -> None:
    text = write(evidence_document(some_evidence())).replace('"middle" : 24.0', '"middle" : 1e999')
    with pytest.raises(DocumentError, match=r"spread_now.middle is not a finite number"):
        parse_evidence(json.loads(text))
