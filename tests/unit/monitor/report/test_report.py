"""What drifted comes first and the farthest off first; then what nobody can tell, then the rest."""

import math

import pytest

from mlsystem.monitor.document import DocumentError
from mlsystem.monitor.report.findings import Finding, parse_verdicts
from mlsystem.monitor.report.report import Report
from mlsystem.monitor.verdicts import Verdict
from tests.unit.monitor.report.made import evidence, finding, findings, judged_by_test, numbers

SAME = [float(i) for i in range(100)]


def ranked(*found: Finding, now: dict[str, list[float]] | None = None) -> list[str]:
    pairs = [(numbers(one.feature, SAME), numbers(one.feature, (now or {}).get(one.feature, SAME))) for one in found]
    return [feature.finding.feature for feature in Report(findings(*found), evidence(*pairs)).ranked()]


def test_features_are_ranked_by_verdict_and_by_how_far_they_exceed() -> None:
    found = [
        finding("fine", Verdict.NOT_DRIFTED, 0.02),
        finding("nearly", Verdict.NOT_DRIFTED, 0.09),
        finding("unknown", Verdict.CANNOT_TELL, None),
        finding("far", Verdict.DRIFTED, 0.9),
        finding("farther", Verdict.DRIFTED, 0.95),
    ]
    assert ranked(*found) == ["farther", "far", "unknown", "nearly", "fine"]


def test_features_that_are_tested_are_told_apart_by_their_p_values_and_then_by_what_moved() -> None:
    found = [judged_by_test("some", 0.0), judged_by_test("most", 0.0), judged_by_test("less", 1e-9)]
    now = {"some": [i + 10.0 for i in range(100)], "most": [i + 50.0 for i in range(100)]}
    assert ranked(*found, now=now) == ["most", "some", "less"]


def test_how_far_a_feature_exceeds_is_its_distance_over_its_limit() -> None:
    assert finding("n", distance=0.5).exceedance == 5.0
    assert judged_by_test("n", 0.01).exceedance == pytest.approx(0.99 / 0.95)
    assert finding("n", Verdict.CANNOT_TELL, None).exceedance is None
    zero = Finding("n", Verdict.DRIFTED, "", 1, 1, "Simple", 0.0, 0.5)
    assert zero.exceedance == math.inf


def test_verdicts_of_another_check_are_noticed() -> None:
    report = Report(findings(finding("a"), finding("b")), evidence((numbers("a", SAME), numbers("a", SAME))))
    assert report.features_without_evidence() == ["b"]


def test_a_verdict_that_there_is_not_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"\$.verdict is 'fine'; allowed: drifted, not drifted, cannot tell"):
        parse_verdicts({"verdict": "fine", "features": []})
