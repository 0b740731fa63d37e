"""Verdicts: drifted, not drifted, cannot tell and why; what could not be compared is never "not drifted"."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mlsystem.monitor.comparison import Comparison, compare
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.distances import Measured
from mlsystem.monitor.profile import Categories, FeatureProfile
from mlsystem.monitor.types import TypeCounts
from mlsystem.monitor.verdicts import DatasetVerdict, FeatureVerdict, Verdict, decide, verdicts_document
from tests.unit.monitor.columns import KnownColumn, profile

NOTHING = KnownColumn("f", TypeCounts())
TESTED = MonitoringConfig(comparison_method="KolmogorovSmirnov", comparison_threshold=0.05)


def feature(column: KnownColumn, rows: int = 1000) -> FeatureProfile:
    return profile(rows, [column]).features[0]


def numbers(values: Sequence[float], rows: int = 1000) -> FeatureProfile:
    return feature(
        KnownColumn("f", TypeCounts(fractional=len(values)), known_numbers=np.array(values, dtype=np.float64)), rows
    )


def words(**counts: int) -> FeatureProfile:
    categories = Categories(len(counts), tuple(counts.items()))
    return feature(KnownColumn("f", TypeCounts(string=sum(counts.values())), known_categories=categories))


def verdict(
    current: FeatureProfile | None, baseline: FeatureProfile | None, config: MonitoringConfig | None = None
) -> FeatureVerdict:
    return decide([compare("f", current, baseline, config or MonitoringConfig())]).features[0]


def measured(name: str, p_value: float) -> Comparison:
    return Comparison(name, 500, 500, "KolmogorovSmirnov", 0.05, 0.95, Measured(1.0 - p_value, p_value, reach=1.0))


SPREAD = numbers(np.linspace(0.0, 1.0, 1000).tolist())


@pytest.mark.parametrize(
    ("current", "baseline", "reason"),
    [
        (None, SPREAD, "the column is missing"),
        (SPREAD, None, "the baseline does not know it"),
        (SPREAD, feature(NOTHING), "the baseline has no value to compare with"),
        (feature(NOTHING), SPREAD, "every value is missing"),
        (feature(NOTHING), words(a=600, b=400), "every value is missing"),
        (words(a=600, b=400), SPREAD, "no value is a number, as those of the baseline are"),
        (feature(NOTHING), feature(NOTHING), "the baseline has no value to compare with"),
    ],
)
@pytest.mark.parametrize("method", ["Simple", "Robust", "PSI", "JensenShannon", "Wasserstein", "KolmogorovSmirnov"])
def test_what_cannot_be_compared_is_not_told_to_be_well(
    current: FeatureProfile | None, baseline: FeatureProfile | None, reason: str, method: str
) -> None:
    found = verdict(current, baseline, MonitoringConfig(comparison_method=method))
    assert (found.verdict, found.reason, found.distance) == (Verdict.CANNOT_TELL, reason, None)


@pytest.mark.parametrize(
    ("current", "baseline", "reason"),
    [
        (numbers([0.5] * 29), SPREAD, "there are 29 values, and 30 are needed"),
        (SPREAD, numbers([0.5] * 29), "the baseline has 29 values, and 30 are needed"),
        (words(a=20, b=9), words(a=600, b=400), "there are 29 values, and 30 are needed"),
    ],
)
def test_too_few_values_are_not_told_to_be_well(current: FeatureProfile, baseline: FeatureProfile, reason: str) -> None:
    config = MonitoringConfig(minimum_sample=30)
    assert (verdict(current, baseline, config).verdict, verdict(current, baseline, config).reason) == (
        Verdict.CANNOT_TELL,
        reason,
    )


def test_few_values_that_no_drift_could_show_in_are_not_told_to_be_well() -> None:
    few = numbers([5.0] * 3)
    found = verdict(few, SPREAD)
    assert (found.verdict, found.reason) == (
        Verdict.CANNOT_TELL,
        "3 values are so few that Robust could not show any drift",
    )
    assert verdict(few, SPREAD, replace(TESTED, minimum_sample=1)).verdict is Verdict.DRIFTED
    assert verdict(numbers([0.5]), SPREAD, replace(TESTED, minimum_sample=1)).verdict is Verdict.CANNOT_TELL


def test_a_distance_that_chance_alone_could_give_is_no_drift_and_no_absence_of_it() -> None:
    config = MonitoringConfig(comparison_method="PSI", comparison_threshold=0.2)
    found = verdict(numbers(np.linspace(0.0, 1.0, 40).tolist()), SPREAD, config)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "but in 40 values chance alone gives up to 0." in found.reason
    assert found.is_lost_in_chance
    assert verdict(numbers([9.0] * 40), SPREAD, config).verdict is Verdict.DRIFTED


def test_categories_for_which_no_test_can_be_done_are_not_told_to_be_well() -> None:
    config = MonitoringConfig(categorical_drift_method="ChiSquared")
    found = verdict(words(z=500), words(a=600, b=400), config)
    assert (found.verdict, found.reason) == (
        Verdict.CANNOT_TELL,
        "ChiSquared needs more values, or more categories in common",
    )


def test_a_drift_and_its_absence_are_told_in_a_sentence() -> None:
    far = verdict(numbers(np.linspace(0.5, 1.5, 1000).tolist()), SPREAD)
    near = verdict(SPREAD, SPREAD)
    assert (far.verdict, near.verdict) == (Verdict.DRIFTED, Verdict.NOT_DRIFTED)
    assert far.reason == "Robust gives 0.4195, more than the 0.1 that are allowed"
    assert near.reason == "Robust gives 0, within the 0.1 that are allowed"
    far = verdict(numbers(np.linspace(0.07, 1.07, 1000).tolist()), SPREAD, TESTED)
    assert far.reason == "KolmogorovSmirnov gives a p-value of 0.01489, below the level of 0.05"


@pytest.mark.parametrize(
    ("correction", "drifted"),
    [("None", "abcd"), ("Bonferroni", "a"), ("Holm", "ab"), ("BenjaminiHochberg", "abc")],
)
def test_a_correction_decides_which_of_many_tests_count(correction: str, drifted: str) -> None:
    p_values = {"a": 0.001, "b": 0.011, "c": 0.025, "d": 0.045, "e": 0.9}
    decided = decide([measured(name, p_value) for name, p_value in p_values.items()], correction)
    assert [f.feature for f in decided.features if f.verdict is Verdict.DRIFTED] == list(drifted)
    assert decided.verdict is Verdict.DRIFTED
    assert decided.correction == correction


def test_a_correction_leaves_distances_alone() -> None:
    distance = Comparison("d", 500, 500, "PSI", 0.2, 0.2, Measured(0.3))
    decided = decide([distance, measured("t", 0.04)], "Bonferroni")
    assert [(f.distance, f.p_value) for f in decided.features] == [(0.3, None), (0.96, 0.04)]


def test_over_all_it_has_not_drifted_only_if_every_feature_has_not() -> None:
    near, far, unknown = verdict(SPREAD, SPREAD), verdict(numbers([9.0] * 50), SPREAD), verdict(None, SPREAD)
    assert [near.verdict, far.verdict, unknown.verdict] == [Verdict.NOT_DRIFTED, Verdict.DRIFTED, Verdict.CANNOT_TELL]
    over_all = {
        Verdict.NOT_DRIFTED: [(near,), (near, near)],
        Verdict.CANNOT_TELL: [(), (unknown,), (near, unknown)],
        Verdict.DRIFTED: [(far,), (near, far), (far, unknown)],
    }
    for expected, cases in over_all.items():
        assert [DatasetVerdict(case).verdict for case in cases] == [expected] * len(cases)
    assert DatasetVerdict((near, far, unknown)).sentence == (
        "drifted (of 3 features: 1 drifted, 1 not drifted, 1 cannot tell)"
    )
    assert DatasetVerdict().sentence == "cannot tell: no feature was to be compared"


def test_the_document_holds_what_a_report_needs() -> None:
    decided = decide([compare("f", SPREAD, SPREAD, TESTED), Comparison("g", obstacle="the column is missing")])
    assert verdicts_document(decided) == {
        "version": 0.0,
        "verdict": "cannot tell",
        "summary": "cannot tell (of 2 features: 1 not drifted, 1 cannot tell)",
        "multiple_testing_correction": "None",
        "unreadable_rows": 0,
        "unreadable_examples": [],
        "features": [
            {
                "feature_name": "f",
                "verdict": "not drifted",
                "reason": "KolmogorovSmirnov gives a p-value of 1, not below the level of 0.05",
                "values_in_baseline": 1000,
                "values_now": 1000,
                "method": "KolmogorovSmirnov",
                "threshold": 0.05,
                "distance": 0.0,
                "p_value": 1.0,
                "corrected_p_value": 1.0,
            },
            {
                "feature_name": "g",
                "verdict": "cannot tell",
                "reason": "the column is missing",
                "values_in_baseline": 0,
                "values_now": 0,
            },
        ],
    }
