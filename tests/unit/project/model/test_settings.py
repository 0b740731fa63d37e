"""mlsystem.yaml is read by section and key, and a mistake is told by both."""

from pathlib import Path

import pytest
import yaml
from build_error import BuildError
from settings import Settings

PROJECT = Path(__file__).parents[4] / "project"


def settings(**sections: object) -> Settings:
    return Settings(sections)


def test_values_come_as_cloudformation_takes_them() -> None:
    read = settings(canary={"max_5xx": 0, "deployment": "AllAtOnce", "on": True, "none": None, "share": 0.5})
    texts = [read.text("canary", key) for key in ("max_5xx", "deployment", "on", "none", "share")]
    assert texts == ["0", "AllAtOnce", "true", "", "0.5"]


def test_lists_are_joined_with_commas() -> None:
    assert settings(drift={"features": ["temp", 1]}).listed("drift", "features") == "temp,1"


def test_a_default_serves_for_a_missing_key_alone() -> None:
    read = settings(api={"package_type": "Zip"})
    assert read.text("api", "package_type", default="Image") == "Zip"
    assert read.text("api", "other", default="Image") == "Image"


QUIET = {"from": "cron(0 22 * * ? *)", "until": "cron(0 6 * * ? *)", "min_instances": 1, "max_instances": 2}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "canary is missing"),
        ({"canary": []}, "canary must be a section"),
        ({"canary": {}}, "canary.deployment is missing"),
        ({"canary": {"deployment": {}}}, "canary.deployment must be a plain value"),
    ],
)
def test_what_is_missing_or_wrong_is_named(content: dict[str, object], reason: str) -> None:
    with pytest.raises(BuildError, match=f"^mlsystem.yaml: {reason}"):
        Settings(content).text("canary", "deployment")


def test_a_cluster_is_in_sagemakers_words() -> None:
    read = settings(instances={"train": {"type": "ml.m5.large", "count": 1, "volume_gb": 30}})
    assert read.cluster("train") == {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        ({"count": 1, "volume_gb": 30}, "instances.train.type is missing"),
        ({"type": "ml.m5.large", "count": 1}, "instances.train.volume_gb is missing"),
        (
            {"type": "ml.m5.large", "count": "one", "volume_gb": 30},
            "instances.train: count and volume_gb must be whole",
        ),
        (None, "instances.train must have the keys"),
    ],
)
def test_a_machine_that_lacks_something_is_named(machine: object, reason: str) -> None:
    with pytest.raises(BuildError, match=reason):
        settings(instances={"train": machine}).cluster("train")


def test_without_a_gate_the_kind_of_model_decides() -> None:
    assert settings().gate() == {}


def test_the_gate_is_in_the_workflows_words() -> None:
    read = settings(gate={"metric": "rmse", "comparison": "LessThan", "threshold": 12})
    assert read.gate() == {"Metric": "rmse", "Comparison": "LessThan", "Threshold": 12}


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        ({"metric": "auc", "comparison": "GreaterThan"}, "gate.threshold is missing"),
        ({"metric": "auc", "comparison": "GreaterThan", "threshold": "0.7"}, "gate.threshold must be a number"),
        ({"metric": "auc", "comparison": "GreaterThan", "threshold": True}, "gate.threshold must be a number"),
        (
            {"metric": "auc", "comparison": "Greater", "threshold": 0.7},
            "gate.comparison is 'Greater'; known: GreaterThan",
        ),
        ({"comparison": "GreaterThan", "threshold": 0.7}, "gate.metric is missing"),
    ],
)
def test_half_a_gate_is_refused(gate: dict[str, object], reason: str) -> None:
    with pytest.raises(BuildError, match=reason):
        settings(gate=gate).gate()


def test_a_model_must_be_as_good_as_the_champion_and_a_champion_readable_unless_the_settings_say_otherwise() -> None:
    gate = {"metric": "auc", "comparison": "GreaterThan", "threshold": 0.7}
    strict = {"Margin": 0.0, "OnUnreadable": "fail"}
    assert settings().champion() == settings(gate=gate).champion() == strict
    assert settings(gate={**gate, "champion": {"margin": 0.02}}).champion() == {**strict, "Margin": 0.02}
    lenient = settings(gate={**gate, "champion": {"on_unreadable": "pass"}}).champion()
    assert lenient == {**strict, "OnUnreadable": "pass"}


def test_the_data_section_becomes_an_environment_without_what_is_empty() -> None:
    read = settings(data={"target_column": "late", "features": [], "positive_label": "", "ignored_columns": ["a", "b"]})
    assert read.dataset_environment() == {"TARGET_COLUMN": "late", "IGNORED_COLUMNS": "a,b"}


def test_a_data_section_too_long_for_sagemaker_is_refused_with_the_way_out() -> None:
    with pytest.raises(BuildError, match=r"data.features has 1019 characters.*dataset.json"):
        settings(data={"features": [f"column{n}" for n in range(113)]}).dataset_environment()


@pytest.mark.parametrize(("text", "reason"), [("a: [", "not YAML"), ("- a", "must hold sections")])
def test_a_file_that_is_not_settings_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "mlsystem.yaml").write_text(text)
    with pytest.raises(BuildError, match=f"^mlsystem.yaml: {reason}"):
        Settings.load(tmp_path / "mlsystem.yaml")


def test_a_repository_without_settings_is_told() -> None:
    with pytest.raises(BuildError, match="the repository has no such file"):
        Settings.load(PROJECT / "model" / "mlsystem.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("mlsystem.yaml", "mlsystem.schema.json"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("section", "key", "value", "reason"),
    [
        ("gate", "treshold", 0.7, r"gate: .*'treshold' was unexpected"),
        ("gate", "comparison", "Above", r"gate.comparison: 'Above' is not one of"),
        ("project", "model_name", "Flights", r"project.model_name: 'Flights' does not match"),
        ("project", "model_name", "flightsnewyork", r"project.model_name: 'flightsnewyork' is too long"),
        ("scaling", "min_instances", 0, r"scaling.min_instances: 0 is less than the minimum of 1"),
        ("scaling", "min_instances", 11, r"scaling.min_instances: 11 is above max_instances, 10"),
        (
            "canary",
            "deployment",
            "Canary100Percent5Minutes",
            r"canary.deployment: 'Canary100Percent5Minutes' does not match .* P from 1 to 99",
        ),
        ("canary", "deployment", "Canary0Percent5Minutes", r"canary.deployment: 'Canary0Percent5Minutes' does not"),
        ("canary", "deployment", "Linear5PercentEvery2881Minutes", r"canary.deployment: .* M from 1 to 2880"),
        ("canary", "deployment", "BlueGreen", r"canary.deployment: 'BlueGreen' does not match"),
        (
            "canary",
            "deployment",
            "Linear1PercentEvery30Minutes",
            r"canary.deployment: Linear1PercentEvery30Minutes takes 2970 minutes",
        ),
        (
            "scaling",
            "quiet",
            {**QUIET, "min_instances": 3},
            r"scaling.quiet.min_instances: 3 is above max_instances, 2",
        ),
        ("scaling", "quiet", {**QUIET, "from": "rate(1 hour)"}, r"scaling.quiet.from: 'rate\(1 hour\)' does not match"),
        ("scaling", "quiet", {"from": QUIET["from"]}, r"scaling.quiet: 'until' is a required property"),
        ("canary", "max_5xx", "none", r"canary.max_5xx: 'none' is not of type 'integer'"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused_with_its_place(
    project: Path, section: str, key: str, value: object, reason: str
) -> None:
    content = yaml.safe_load((project / "mlsystem.yaml").read_text())
    content[section][key] = value
    (project / "mlsystem.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(BuildError, match=f"^mlsystem.yaml: {reason}"):
        Settings.load(project / "mlsystem.yaml")


def test_all_mistakes_are_told_at_once(project: Path) -> None:
    content = yaml.safe_load((project / "mlsystem.yaml").read_text())
    del content["drift"]
    content["extra"] = {}
    (project / "mlsystem.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(BuildError, match="'drift' is a required property") as error:
        Settings.load(project / "mlsystem.yaml")
    assert "'extra' was unexpected" in str(error.value)


def test_a_quiet_time_is_there_or_not() -> None:
    assert settings(scaling={}).quiet("from", default="") == ""
    read = settings(scaling={"quiet": QUIET})
    assert [read.quiet(key, default="UTC") for key in (*QUIET, "timezone")] == [
        "cron(0 22 * * ? *)",
        "cron(0 6 * * ? *)",
        "1",
        "2",
        "UTC",
    ]
