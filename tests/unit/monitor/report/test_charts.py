"""Charts: both sides drawn to one scale, whatever the numbers, with a label for those who cannot see them."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from mlsystem.monitor.report.category_shares import category_shares
from mlsystem.monitor.report.charts import category_bars, histogram
from mlsystem.monitor.report.findings import Finding
from mlsystem.monitor.report.history import History, PastRun, Point, by_feature
from mlsystem.monitor.report.number_shares import number_shares
from mlsystem.monitor.report.timeline import timeline
from mlsystem.monitor.verdicts import Verdict
from tests.unit.monitor.report.made import finding, findings, statistics, words

START = datetime(2026, 11, 24, tzinfo=UTC)
MANY = [float(i) for i in range(200)]


def points(*found: Finding) -> list[Point]:
    return [Point(START + timedelta(hours=hour), one) for hour, one in enumerate(found)]


def test_a_histogram_has_an_area_of_the_baseline_an_outline_of_now_and_a_label() -> None:
    drawn = histogram(number_shares(statistics(MANY), statistics(MANY[50:])), "temp: then and now").render()
    assert drawn.count('class="before"') == drawn.count('class="now"') == 1
    assert 'role="img"' in drawn
    assert 'aria-label="temp: then and now"' in drawn


def test_few_numbers_are_bars_side_by_side_and_the_larger_share_is_the_taller_bar() -> None:
    drawn = histogram(number_shares(statistics([0.0] * 3 + [1.0]), statistics([0.0, 1.0])), "late").render()
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)" class="(?:before|now)"', drawn)]
    assert heights == [108.0, 72.0, 36.0, 72.0]


def test_categories_are_bars_with_their_shares_and_the_rest_together() -> None:
    many = {f"v{i}": 100 - i for i in range(12)}
    drawn = category_bars(category_shares(words("w", many), words("w", {"v0": 5})), "w").render()
    assert "all others" in drawn
    assert drawn.count('class="before"') == drawn.count('class="now"') == 9
    assert "100\u00a0%" in drawn


def test_a_chart_without_values_on_either_side_is_still_one() -> None:
    assert "<svg" in category_bars(category_shares(None, None), "w").render()


@pytest.mark.parametrize("values", [[-1.7e308, 0.0, 1.7e308], [5e-324, 1e-323], [float(i) * 1e300 for i in range(100)]])
def test_no_number_is_too_large_or_too_small_to_draw(values: list[float]) -> None:
    drawn = histogram(number_shares(statistics(values), statistics(values[:2])), "n").render()
    assert not re.search(r"\b(nan|inf)\b", drawn)


def test_a_run_that_could_not_tell_leaves_a_gap_in_the_line() -> None:
    unknown = finding("n", Verdict.CANNOT_TELL, None)
    fine = finding("n", Verdict.NOT_DRIFTED, 0.05)
    drawn = timeline(points(fine, fine, unknown, fine, finding()), "n").render()
    assert drawn.count("<polyline") == 2
    assert drawn.count('class="unknown"') == 1
    assert drawn.count('class="dot drifted"') == 1
    assert "24 Nov 2026, 00:00" in drawn
    assert "24 Nov 2026, 04:00" in drawn


def test_what_is_allowed_is_one_line_also_where_the_threshold_changed() -> None:
    strict = Finding("n", Verdict.DRIFTED, "", 9, 9, "Robust", 0.1, 0.2)
    lax = Finding("n", Verdict.NOT_DRIFTED, "", 9, 9, "Robust", 0.4, 0.2)
    heights = re.findall(r'cy="([\d.]+)"', timeline(points(strict, lax), "n").render())
    (limit,) = re.findall(
        r'y1="([\d.]+)" x2="[\d.]+" y2="[\d.]+" class="limit"', timeline(points(strict, lax), "n").render()
    )
    assert float(heights[0]) < float(limit) < float(heights[1])


@pytest.mark.parametrize("threshold", [0.0, -1.0])
def test_a_limit_of_nothing_does_not_break_the_line(threshold: float) -> None:
    endless = Finding("n", Verdict.DRIFTED, "", 9, 9, "Simple", threshold, 0.5)
    assert "inf" not in timeline(points(endless, endless), "n").render()


def test_runs_are_told_by_feature() -> None:
    runs = tuple(PastRun(START + timedelta(hours=hour), findings(finding("a"), finding("b"))) for hour in range(3))
    assert {name: len(found) for name, found in by_feature(History(runs), ["a", "c"]).items()} == {"a": 3, "c": 0}
