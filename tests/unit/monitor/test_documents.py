"""The documents byte for byte, and back again: golden files in golden/, made of golden/small.csv."""

import json
from array import array
from pathlib import Path

import pytest

from mlsystem.monitor.constraints import MonitoringConfig, suggest_constraints
from mlsystem.monitor.constraints_document import constraints_document, parse_constraints
from mlsystem.monitor.document import DocumentError
from mlsystem.monitor.jackson import write
from mlsystem.monitor.profile import DatasetProfile
from mlsystem.monitor.reading import DatasetFormat, Kind, open_dataset
from mlsystem.monitor.statistics_document import parse_statistics, statistics_document
from mlsystem.monitor.types import InferredType
from mlsystem.monitor.violations import Violation, violations_document
from tests.unit.monitor.columns import profile

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def small() -> DatasetProfile:
    with open_dataset([GOLDEN / "small.csv"], DatasetFormat(Kind.CSV)) as dataset:
        return profile(dataset.row_count, dataset.columns)


def test_statistics_are_written_as_the_golden_file_has_them(small: DatasetProfile) -> None:
    assert write(statistics_document(small)) == (GOLDEN / "statistics.json").read_text()


def test_constraints_are_written_as_the_golden_file_has_them(small: DatasetProfile) -> None:
    assert write(constraints_document(suggest_constraints(small))) == (GOLDEN / "constraints.json").read_text()


def test_violations_are_written_as_the_golden_file_has_them() -> None:
    violations = (
        Violation("kind", "categorical_values_check", "Value: 0.009 does not meet the constraint requirement! "),
    )
    assert write(violations_document(violations)) == (GOLDEN / "constraint_violations.json").read_text()
    assert write(violations_document(())) == '{\n  "violations" : [ ]\n}'


def test_statistics_read_back_are_the_ones_that_were_written(small: DatasetProfile) -> None:
    text = (GOLDEN / "statistics.json").read_text()
    assert write(statistics_document(parse_statistics(json.loads(text)))) == text


def test_constraints_read_back_are_the_ones_that_were_written(small: DatasetProfile) -> None:
    text = (GOLDEN / "constraints.json").read_text()
    assert write(constraints_document(parse_constraints(json.loads(text)))) == text


def test_optional_settings_are_written_only_when_asked_for(small: DatasetProfile) -> None:
    config = MonitoringConfig(categorical_comparison_threshold=0.05, categorical_drift_method="ChiSquared")
    text = write(constraints_document(suggest_constraints(small, config)))
    assert '"categorical_comparison_threshold" : 0.05' in text
    assert '"categorical_drift_method" : "ChiSquared"' in text
    assert "categorical" not in (GOLDEN / "constraints.json").read_text()
    assert parse_constraints(json.loads(text)).config == config


def test_what_model_monitor_did_not_have_is_written_only_when_asked_for(small: DatasetProfile) -> None:
    config = MonitoringConfig(
        comparison_method="KolmogorovSmirnov",
        comparison_threshold=0.05,
        categorical_drift_method="PSI",
        multiple_testing_correction="BenjaminiHochberg",
        minimum_sample=200,
    )
    text = write(constraints_document(suggest_constraints(small, config)))
    assert (
        '"comparison_method" : "KolmogorovSmirnov",\n'
        '      "categorical_drift_method" : "PSI",\n'
        '      "multiple_testing_correction" : "BenjaminiHochberg",\n'
        '      "minimum_sample" : 200\n'
    ) in text
    assert parse_constraints(json.loads(text)).config == config


def constraints(feature: dict[str, object], monitoring_config: dict[str, object] | None = None) -> object:
    head = {"name": "a", "inferred_type": "String"}
    return {"version": 0.0, "features": [head | feature], "monitoring_config": monitoring_config or {}}


OVERRIDE = {"evaluate_constraints": "Disabled", "distribution_constraints": {"comparison_threshold": 0.3}}


@pytest.mark.parametrize(
    "feature",
    [
        {"monitoringConfigOverrides": OVERRIDE},
        {"monitoring_config_overrides": OVERRIDE},
        {"string_constraints": {"domains": ["x"], "monitoring_config_overrides": OVERRIDE}},
    ],
)
def test_a_feature_overrides_the_configuration_wherever_tools_put_it(feature: dict[str, object]) -> None:
    parsed = parse_constraints(constraints(feature, {"datatype_check_threshold": 0.9}))
    config = parsed.features[0].config
    assert config == MonitoringConfig(
        evaluate_constraints=False, datatype_check_threshold=0.9, comparison_threshold=0.3
    )
    assert parsed.config.evaluate_constraints


def comparison(**settings: object) -> dict[str, object]:
    return {"distribution_constraints": settings}


def test_a_document_that_names_a_method_and_no_threshold_gets_the_methods_own() -> None:
    config = parse_constraints(constraints({}, comparison(comparison_method="PSI"))).config
    assert (config.comparison_method, config.comparison_threshold) == ("PSI", 0.2)
    config = parse_constraints(constraints({}, comparison(comparison_method="PSI", comparison_threshold=0.1))).config
    assert config.comparison_threshold == 0.1


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], r"\$ is not an object"),
        ({"version": 0.0}, r"\$ has no member 'features'"),
        (constraints({"inferred_type": "Float"}), r"\$\.features\[0\]\.inferred_type is 'Float'; allowed: Fractional"),
        (constraints({"completeness": "1"}), r"\$\.features\[0\]\.completeness is not a number"),
        (constraints({}, {"evaluate_constraints": True}), r"evaluate_constraints is True; allowed: Enabled, Disabled"),
        (
            constraints({}, {"distribution_constraints": {"comparison_method": "KS"}}),
            r"comparison_method is 'KS'; allowed: Simple, Robust, linf_simple, linf_robust",
        ),
        (
            constraints({}, comparison(categorical_drift_method="KolmogorovSmirnov")),
            r"categorical_drift_method is 'KolmogorovSmirnov'; allowed: LInfinity, ChiSquared, PSI, JensenShannon",
        ),
        (
            constraints({}, comparison(comparison_method="KolmogorovSmirnov", comparison_threshold=0)),
            r"\$\.monitoring_config\.distribution_constraints\.comparison_threshold is 0.0, which is no level of significance",
        ),
        (
            constraints({"monitoringConfigOverrides": comparison(comparison_method="PSI", comparison_threshold=-1)}),
            r"\$\.features\[0\]\.monitoringConfigOverrides\.distribution_constraints\.comparison_threshold is -1.0, which is",
        ),
        (
            constraints({}, comparison(comparison_threshold=float("nan"))),
            r"comparison_threshold is not a finite number",
        ),
        (
            constraints({}, comparison(multiple_testing_correction="Sidak")),
            r"correction is 'Sidak'; allowed: None, Bonferroni, Holm, BenjaminiHochberg",
        ),
        (
            constraints({"monitoringConfigOverrides": comparison(multiple_testing_correction="Holm")}),
            r"multiple_testing_correction counts for all features together",
        ),
        (constraints({}, comparison(minimum_sample=1.5)), r"minimum_sample is not a whole number"),
        (constraints({}, comparison(minimum_sample=0)), r"minimum_sample is 0; allowed: whole numbers from 1"),
        (constraints({"completeness": float("nan")}), r"completeness is not a finite number"),
        (constraints({"completeness": 99}), r"completeness is 99\.0; allowed: 0 to 1"),
        (constraints({}, {"domain_content_threshold": -1}), r"domain_content_threshold is -1\.0; allowed: 0 to 1"),
        (constraints({}, {"datatype_check_threshold": 10**400}), r"datatype_check_threshold is not a finite number"),
        ({"version": 1.0, "features": []}, r"\$\.version is 1\.0, and only 0\.0 can be read"),
    ],
)
def test_constraints_that_mean_nothing_are_refused_by_place(document: object, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem):
        parse_constraints(document)


def test_statistics_of_a_feature_without_any_value_need_not_say_more() -> None:
    document = {"version": 0.0, "dataset": {"item_count": 7}, "features": [{"name": "a", "inferred_type": "Unknown"}]}
    (feature,) = parse_statistics(document).features
    assert (feature.inferred_type, feature.num_missing) == (InferredType.UNKNOWN, 7)


def test_statistics_without_a_sketch_are_refused_by_place() -> None:
    feature = {
        "name": "a",
        "inferred_type": "Integral",
        "numerical_statistics": {"common": {"num_present": 1, "num_missing": 0}, "distribution": {}},
    }
    with pytest.raises(
        DocumentError, match=r"\$\.features\[0\]\.numerical_statistics\.distribution has no member 'kll'"
    ):
        parse_statistics({"version": 0.0, "dataset": {"item_count": 1}, "features": [feature]})


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("version", 2, "is 2, and only 0.0 can be read"),
        ("dataset.item_count", 0, "is empty"),
        ("dataset.item_count", float("nan"), "is not a finite number"),
        ("features.0.numerical_statistics.common.num_present", -1, "is less than 0"),
        ("features.0.numerical_statistics.common", {"num_present": 0, "num_missing": 0}, "knows of no row"),
        ("features.0.numerical_statistics.min", float("inf"), "is not a finite number"),
        ("features.0.numerical_statistics.distribution.kll.sketch.data", [[]], "is no sketch"),
        ("features.0.numerical_statistics.distribution.kll.sketch.data", [[1.0]] * 2000, "is no sketch"),
        (
            "features.0.numerical_statistics.distribution.kll.sketch.data",
            [array("d", [float("nan")])],
            "holds what is not a finite number",
        ),
        ("features.0.numerical_statistics.distribution.kll.sketch.parameters", {"c": 0.64, "k": 0}, "are none"),
    ],
)
def test_statistics_that_no_data_have_are_refused_by_place(
    small: DatasetProfile, place: str, value: object, problem: str
) -> None:
    document = json.loads(write(statistics_document(small)))
    numeric = [feature for feature in document["features"] if "numerical_statistics" in feature]
    document["features"] = numeric
    *way, last = place.split(".")
    parent = document
    for step in way:
        parent = parent[int(step)] if isinstance(parent, list) else parent[step]
    parent[last] = value
    with pytest.raises(DocumentError, match=rf"\$\.{place[:7]}.* {problem}"):
        parse_statistics(document)
