"""The six checks: when each of them speaks, what it says, and when it keeps quiet."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from mlsystem.monitor.constraints import Constraints, MonitoringConfig, suggest_constraints
from mlsystem.monitor.jackson import write
from mlsystem.monitor.profile import Categories, DatasetProfile
from mlsystem.monitor.statistics_document import parse_statistics, statistics_document
from mlsystem.monitor.types import InferredType, TypeCounts
from mlsystem.monitor.verdicts import Verdict
from mlsystem.monitor.violations import CheckResult, Violation, check, unproven_features
from tests.unit.monitor.columns import KnownColumn, profile

ROWS = 1000


def integers(name: str, numbers: Sequence[int]) -> KnownColumn:
    return KnownColumn(name, TypeCounts(integral=len(numbers)), known_numbers=np.array(numbers, dtype=np.float64))


def words(name: str, **counts: int) -> KnownColumn:
    categories = Categories(len(counts), tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))))
    return KnownColumn(name, TypeCounts(string=sum(counts.values())), known_categories=categories)


def dataset(*columns: KnownColumn, rows: int = ROWS) -> DatasetProfile:
    return profile(rows, columns)


def checked(
    baseline: DatasetProfile,
    current: DatasetProfile,
    change: Callable[[MonitoringConfig], MonitoringConfig] = lambda config: config,
    **options: bool,
) -> CheckResult:
    """A check as a run does it: the baseline's statistics have been through a file."""
    constraints = suggest_constraints(baseline)
    features = tuple(replace(feature, config=change(feature.config)) for feature in constraints.features)
    stored = parse_statistics(json.loads(write(statistics_document(baseline))))
    return check(current, Constraints(features, change(constraints.config)), stored, **options)


def only(result: CheckResult) -> Violation:
    (violation,) = result.violations
    return violation


def test_a_dataset_satisfies_the_constraints_that_it_suggested() -> None:
    same = dataset(integers("n", range(ROWS)), words("w", a=600, b=300))
    result = checked(same, same)
    assert result.violations == ()
    assert [drift.distance for drift in result.drifts.values()] == [0.0, 0.0]


def test_a_fraction_among_integers_is_a_data_type_violation() -> None:
    current = KnownColumn("n", TypeCounts(integral=996, fractional=4), known_numbers=np.arange(1000.0))
    violation = only(checked(dataset(integers("n", range(ROWS))), dataset(current)))
    assert violation == Violation(
        "n",
        "data_type_check",
        "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
        "Observed: Only 99.6% of data is Integral.",
    )


def test_a_lower_threshold_tolerates_some_values_of_another_type() -> None:
    current = KnownColumn("n", TypeCounts(integral=996, fractional=4), known_numbers=np.arange(1000.0))
    result = checked(
        dataset(integers("n", range(ROWS))), dataset(current), lambda c: replace(c, datatype_check_threshold=0.9)
    )
    assert result.violations == ()


def test_fewer_values_than_the_baseline_had_are_a_completeness_violation() -> None:
    current = dataset(integers("n", range(0, ROWS, 2)))
    violation = only(checked(dataset(integers("n", range(ROWS))), current))
    assert (violation.feature_name, violation.check_type) == ("n", "completeness_check")
    assert violation.description == "Value: 0.5 does not meet the constraint requirement! "


def test_a_value_that_the_baseline_never_had_is_a_categorical_violation() -> None:
    violation = only(checked(dataset(words("w", a=600, b=400)), dataset(words("w", a=600, b=391, c=9))))
    assert (violation.feature_name, violation.check_type) == ("w", "categorical_values_check")
    assert violation.description == "Value: 0.991 does not meet the constraint requirement! "


def test_a_moved_distribution_is_a_drift_violation_that_readers_can_parse() -> None:
    current = dataset(integers("n", range(300, ROWS + 300)))
    result = checked(dataset(integers("n", range(ROWS))), current)
    violation = only(result)
    assert (violation.feature_name, violation.check_type) == ("n", "baseline_drift_check")
    match = re.search("distance: (.+) exceeds threshold: (.+)", violation.description)
    assert match is not None
    assert float(match[1]) == result.drifts["n"].distance == pytest.approx(0.3 - 1.8 * (2 / ROWS) ** 0.5)
    assert float(match[2]) == result.drifts["n"].limit == 0.1


@pytest.mark.parametrize("name", ["Simple", "linf_simple"])
def test_the_simple_method_takes_nothing_off(name: str) -> None:
    current = dataset(integers("n", range(300, ROWS + 300)))
    result = checked(dataset(integers("n", range(ROWS))), current, lambda c: replace(c, comparison_method=name))
    assert result.drifts["n"].distance == pytest.approx(0.3)


def test_categories_drift_by_their_own_threshold_and_method() -> None:
    baseline, current = dataset(words("w", a=500, b=500)), dataset(words("w", a=560, b=440))
    assert checked(baseline, current).violations == ()
    tight = checked(
        baseline,
        current,
        lambda c: replace(c, categorical_comparison_threshold=0.05, comparison_method="Simple"),
    )
    assert only(tight).description == "Baseline drift distance: 0.06000000000000005 exceeds threshold: 0.05"
    chi = checked(
        baseline,
        current,
        lambda c: replace(c, categorical_drift_method="ChiSquared", categorical_comparison_threshold=0.01),
    )
    assert only(chi).check_type == "baseline_drift_check"
    assert chi.drifts["w"].limit == 0.99


def test_one_stray_word_does_not_hide_the_drift_of_the_numbers() -> None:
    numbers = np.arange(300.0, ROWS + 299)
    stray = KnownColumn("n", TypeCounts(integral=ROWS - 1, string=1), numbers, Categories(ROWS, (("NA", 1),)))
    result = checked(dataset(integers("n", range(ROWS))), dataset(stray))
    assert [violation.check_type for violation in result.violations] == ["data_type_check", "baseline_drift_check"]


def test_only_digits_where_there_were_words_are_still_compared_as_words() -> None:
    current = KnownColumn("w", TypeCounts(integral=ROWS), np.full(ROWS, 7.0), Categories(1, (("7", ROWS),)))
    result = checked(dataset(words("w", a=600, b=400)), dataset(current))
    assert [violation.check_type for violation in result.violations] == [
        "data_type_check",
        "categorical_values_check",
        "baseline_drift_check",
    ]


def test_missing_and_extra_columns_are_one_violation_each_that_names_and_counts_them() -> None:
    baseline = dataset(integers("a", range(ROWS)), integers("b", range(ROWS)), integers("c", range(ROWS)))
    current = dataset(integers("a", range(ROWS)), integers("z", range(ROWS)))
    assert checked(baseline, current).violations == (
        Violation(
            "Missing columns",
            "missing_column_check",
            "There are missing columns in current dataset: b, c. "
            "Number of columns in current dataset: 2, Number of columns in baseline constraints: 3",
        ),
        Violation(
            "Extra columns",
            "extra_column_check",
            "There are extra columns in current dataset: z. "
            "Number of columns in current dataset: 2, Number of columns in baseline constraints: 3",
        ),
    )


def test_many_missing_columns_are_counted_not_listed() -> None:
    baseline = dataset(*(integers(f"f{i}", range(ROWS)) for i in range(12)))
    violation = only(checked(baseline, dataset(integers("f0", range(ROWS)))))
    assert "f10 and 1 more. Number of columns" in violation.description


def test_a_disabled_feature_is_not_checked_and_a_disabled_comparison_not_compared() -> None:
    baseline = dataset(integers("n", range(ROWS)))
    current = dataset(integers("n", range(5000, 5500)))
    assert checked(baseline, current, lambda c: replace(c, evaluate_constraints=False)).violations == ()
    undisturbed = checked(baseline, current, lambda c: replace(c, perform_comparison=False))
    assert only(undisturbed).check_type == "completeness_check"
    assert undisturbed.drifts == {}


def test_a_new_method_drifts_by_its_own_threshold_and_readers_can_parse_it() -> None:
    baseline, current = dataset(integers("n", range(ROWS))), dataset(integers("n", range(400, ROWS + 400)))
    result = checked(baseline, current, lambda c: replace(c, comparison_method="PSI", comparison_threshold=0.2))
    match = re.search("distance: (.+) exceeds threshold: (.+)", only(result).description)
    assert match is not None
    assert float(match[1]) == result.drifts["n"].distance > float(match[2]) == 0.2


def test_what_chance_could_give_is_neither_a_violation_nor_a_metric() -> None:
    baseline, current = dataset(integers("n", range(ROWS))), dataset(integers("n", range(0, 1000, 25)), rows=40)
    result = checked(
        baseline, current, lambda c: replace(c, comparison_method="Wasserstein", comparison_threshold=0.01)
    )
    assert result.violations == ()
    assert result.drifts == {}
    assert result.verdict is not None
    assert [verdict.verdict for verdict in result.verdict.features] == [Verdict.CANNOT_TELL]


def test_a_correction_counts_for_all_tested_features_together() -> None:
    def shifted(by: int) -> DatasetProfile:
        return dataset(*(integers(f"f{i}", range(by * i, ROWS + by * i)) for i in range(5)))

    def tested(correction: str) -> CheckResult:
        return checked(
            shifted(0),
            shifted(16),
            lambda c: replace(
                c,
                comparison_method="KolmogorovSmirnov",
                comparison_threshold=0.05,
                multiple_testing_correction=correction,
            ),
        )

    assert [violation.feature_name for violation in tested("None").violations] == ["f4"]
    assert tested("Holm").violations == ()
    assert tested("Holm").drifts["f4"].distance < tested("None").drifts["f4"].distance


def test_a_feature_without_any_value_now_is_incomplete_and_not_compared() -> None:
    result = checked(dataset(integers("n", range(ROWS))), dataset(KnownColumn("n", TypeCounts())))
    assert only(result).check_type == "completeness_check"
    assert result.drifts == {}


def test_ones_and_zeros_drift_unless_ties_are_counted_as_deequ_counted_them() -> None:
    few = dataset(integers("n", list(chain([1] * 50, [0] * 950))))
    many = dataset(integers("n", list(chain([1] * 950, [0] * 50))))
    assert only(checked(few, many)).check_type == "baseline_drift_check"
    assert checked(few, many, ties_counted_once=True).violations == ()


def test_constraints_on_features_without_statistics_are_found() -> None:
    constraints = suggest_constraints(dataset(integers("a", range(ROWS)), integers("b", range(ROWS))))
    assert unproven_features(constraints, dataset(integers("b", range(ROWS)))) == ["a"]


def test_domains_are_suggested_for_words_that_come_again_and_again() -> None:
    many = {f"w{i}": 5 for i in range(121)}
    columns = [words("few", a=500, b=500), words("names", **many), words("mostly_once", a=100, b=1)]
    suggested = {f.name: f.domains for f in suggest_constraints(dataset(*columns)).features}
    assert suggested == {"few": ("a", "b"), "names": None, "mostly_once": None}


def test_suggested_constraints_say_what_was_seen() -> None:
    column = KnownColumn("n", TypeCounts(integral=750), known_numbers=np.arange(-1.0, 749.0))
    (feature,) = suggest_constraints(dataset(column)).features
    assert (feature.inferred_type, feature.completeness) == (InferredType.INTEGRAL, 0.75)
    assert feature.is_non_negative is False
