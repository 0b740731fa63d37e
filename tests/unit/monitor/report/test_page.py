"""The page: its sections in their order, hostile data without effect, and nothing that it would need from elsewhere."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlsystem.monitor import texts
from mlsystem.monitor.report.evidence import Run
from mlsystem.monitor.report.history import History, PastRun
from mlsystem.monitor.report.page import page
from mlsystem.monitor.report.report import Report
from mlsystem.monitor.unusual_rows import Cell, UnusualRow
from mlsystem.monitor.verdicts import Verdict
from mlsystem.monitor.violations import Violation
from tests.unit.monitor.report.made import HOSTILE, evidence, finding, findings, numbers, report_of, words

COLD, WARM = [float(i % 40) for i in range(400)], [float(60 + i % 30) for i in range(400)]
SIMPLE = report_of((numbers("temp", COLD), numbers("temp", WARM)), (words("w", {"a": 400}), words("w", {"b": 400})))


def runs(*hours: int) -> tuple[PastRun, ...]:
    start = datetime(2026, 11, 24, tzinfo=UTC)
    return tuple(PastRun(start + timedelta(hours=hour), findings(finding("temp"))) for hour in hours)


def hostile() -> Report:
    """Every text that comes from data or environment is an attack."""
    report = report_of(
        (numbers(HOSTILE, COLD), numbers(HOSTILE, WARM)),
        (words("w" + HOSTILE, {HOSTILE: 9}), words("w" + HOSTILE, {HOSTILE * 2: 9})),
    )
    rows = (UnusualRow(1, 5.0, (Cell(HOSTILE, HOSTILE, 0.001),)),)
    found = replace(
        report.evidence, run=Run(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE), worst_rows=rows, not_compared=(HOSTILE,)
    )
    return replace(
        report,
        evidence=found,
        findings=replace(
            report.findings,
            features=tuple(replace(f, reason=HOSTILE, method=HOSTILE) for f in report.findings.features),
        ),
        violations=(Violation(HOSTILE, HOSTILE, HOSTILE), Violation(HOSTILE, texts.COMPLETENESS_CHECK, HOSTILE)),
        history=History(runs(1, 2), unreadable=(HOSTILE,)),
    )


def test_the_verdict_comes_first_then_features_time_quality_and_rows() -> None:
    html = page(SIMPLE)
    order = [
        "The data have drifted: 2 of 2 features have moved farther than is allowed.",
        "What to do",
        "Features, the farthest off first",
        "Over time",
        "Quality of the data",
        "The most unusual rows",
    ]
    places = [html.index(text) for text in order]
    assert places == sorted(places)


def test_what_comes_from_the_data_never_becomes_markup() -> None:
    html = page(hostile())
    assert "&lt;script&gt;" in html
    assert not re.search(r"<\s*script", html, re.IGNORECASE)
    assert 'alert("1")' not in html


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    html = page(hostile())
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|url\(|@import|<link|https?:""", html)
    assert "default-src &#x27;none&#x27;" in html


@pytest.mark.parametrize("report", [SIMPLE, hostile()], ids=["simple", "hostile"])
def test_links_lead_to_places_that_there_are_and_ids_are_unique(report: Report) -> None:
    html = page(report)
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r' href="#([^"]*)"', html)) <= set(ids)
    assert set(re.findall(r' aria-labelledby="([^"]*)"', html)) <= set(ids)


def test_charts_are_labelled_and_headings_go_down_by_one() -> None:
    html = page(replace(SIMPLE, history=History(runs(1, 2))))
    for svg in re.findall(r"<svg [^>]*>", html):
        assert 'role="img"' in svg
        assert 'aria-label="' in svg
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_with_one_run_the_section_over_time_says_so() -> None:
    assert "There is only one run yet." in page(SIMPLE)


def test_with_more_runs_each_feature_has_its_line() -> None:
    html = page(replace(SIMPLE, history=History(runs(1, 2, 5), left_out=3, unreadable=("verdicts.json: cut off",))))
    assert "drifted in 3 of 3 runs" in html
    assert "3 older runs not shown" in html
    assert "verdicts.json: cut off" in html


def test_the_quality_of_the_data_is_told_in_words_and_drift_not_again() -> None:
    violations = (
        Violation("temp", texts.COMPLETENESS_CHECK, texts.share_too_low(0.25)),
        Violation("temp", texts.BASELINE_DRIFT_CHECK, texts.drift(0.5, 0.1)),
        Violation(texts.EXTRA_COLUMNS, texts.EXTRA_COLUMN_CHECK, texts.extra_columns(["spare"], 3, 2)),
    )
    html = page(replace(SIMPLE, violations=violations))
    assert "75\u00a0% have no value here" in html
    assert "Baseline drift distance" not in html
    assert "Columns in the data that the baseline does not know" in html
    assert "Nothing was found" in page(SIMPLE)


def test_unusual_cells_are_marked_and_where_nobody_looked_the_page_says_so() -> None:
    rows = (
        UnusualRow(7, 9.0, (Cell("temp", "400", 0.0005), Cell("w", "a"))),
        UnusualRow(9, 5.0, (Cell("temp", None, 0.001),)),
    )
    html = page(replace(SIMPLE, evidence=replace(SIMPLE.evidence, worst_rows=rows)))
    assert re.search(r"<mark><bdi[^>]*>400</bdi></mark><small>1 in 2000</small>", html)
    assert html.count("<mark>") == 2
    assert "This check did not look for them." in page(SIMPLE)
    assert "No row has a value that is rare" in page(replace(SIMPLE, evidence=replace(SIMPLE.evidence, worst_rows=())))


def test_every_verdict_has_a_page() -> None:
    pair = (numbers("n", COLD), numbers("n", COLD))
    for verdict, distance in ((Verdict.NOT_DRIFTED, 0.01), (Verdict.CANNOT_TELL, None)):
        html = page(Report(findings(finding("n", verdict, distance)), evidence(pair)))
        assert f'<span class="badge {"fine" if distance else "unknown"}">{verdict.value}</span>' in html
    nothing = page(Report(findings(), evidence()))
    assert "no feature was to be compared" in nothing


def test_features_that_were_not_compared_are_named() -> None:
    html = page(replace(SIMPLE, evidence=replace(SIMPLE.evidence, not_compared=("id", "comment"))))
    assert "Not compared, as the constraints have it: " in html
    assert ">comment<" in html
