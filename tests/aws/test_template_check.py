"""The stacks as they are to be have none of the faults that linters do not see; planted ones are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.aws.build import REGION, files_of, packaged
from tests.aws.project import OVERRIDES, PIPELINE_PARAMETERS, TEMPLATES, TRAINING
from tests.aws.template_check import faults, resources_of

STACKS = ("deploy-model-dev.yml", "deploy-model-prd.yml", "sagemaker-custom-resource.yml", "pipeline.yml")


def given(folder: Path, name: str) -> dict[str, str]:
    if name == "pipeline.yml":
        return PIPELINE_PARAMETERS
    overrides = {"deploy-model-prd.yml": OVERRIDES, "deploy-model-dev.yml": TRAINING}.get(name, {})
    return {**files_of(folder)[name.replace(".yml", ".json")]["Parameters"], **overrides}


def text_of(name: str) -> str:
    return TEMPLATES[name].read_text() if name == "pipeline.yml" else packaged(name)


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_has_no_fault_that_linters_do_not_see(tmp_path: Path, name: str) -> None:
    assert faults(resources_of(text_of(name), given(tmp_path, name), REGION)) == []


def test_every_canary_that_the_parameter_allows_is_one_that_codedeploy_has(tmp_path: Path) -> None:
    parameters = given(tmp_path, "deploy-model-prd.yml")
    for shift in (
        "AllAtOnce",
        "Canary10Percent30Minutes",
        "Linear10PercentEvery1Minute",
        "Linear10PercentEvery10Minutes",
    ):
        resources = resources_of(packaged("deploy-model-prd.yml"), {**parameters, "DeploymentType": shift}, REGION)
        assert faults(resources) == []


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (("Canary", "5", "20"), "mls-demo-Canary5Percent20Minutes"),
        (("Linear", "25", "1"), "mls-demo-Linear25PercentEvery1Minutes"),
    ],
)
def test_other_steps_have_a_configuration_of_the_stack(tmp_path: Path, steps: tuple[str, str, str], name: str) -> None:
    choices = dict(zip(("ShiftType", "ShiftPercent", "ShiftMinutes"), steps, strict=True))
    parameters = {**given(tmp_path, "deploy-model-prd.yml"), "DeploymentType": "Custom", **choices}
    resources = resources_of(packaged("deploy-model-prd.yml"), parameters, REGION)
    assert faults(resources) == []
    assert resources["ShiftConfig"][1]["DeploymentConfigName"] == name
    assert resources["ApiFunctionDeploymentGroup"][1]["DeploymentConfigName"] == {"Ref": "ShiftConfig"}
    back = resources_of(packaged("deploy-model-prd.yml"), {**parameters, "GoesBack": "true"}, REGION)
    assert back["ApiFunctionDeploymentGroup"][1]["DeploymentConfigName"] == "CodeDeployDefault.LambdaAllAtOnce"


@pytest.mark.parametrize("pair", [("NAT", ""), ("ENDPOINTS", "arn:aws:iam::210987654321:role/there")])
def test_the_pipeline_stands_by_each_of_its_choices(pair: tuple[str, str]) -> None:
    egress, role = pair
    choices = {"NetworkEgress": egress, "PrdActionRoleArn": role, "PrdDeployRoleArn": role}
    connection = "arn:aws:codeconnections:eu-central-1:123456789012:connection/0d2b5d0e-5f0c-4a0d-9a6b-4cf6e1a1f1c2"
    choices |= {"SourceProvider": "CONNECTION", "ConnectionArn": connection, "FullRepositoryId": "owner/name"}
    resources = resources_of(text_of("pipeline.yml"), {**PIPELINE_PARAMETERS, **choices}, REGION)
    assert faults(resources) == []
    assert "Repository" not in resources
    assert ("NatGateway" in resources) == (egress == "NAT")
    assert ("PipelineInPrdAccount" in resources) == bool(role)


QUIET = {
    "QuietFrom": "cron(0 22 * * ? *)",
    "QuietUntil": "cron(0 6 * * ? *)",
    "QuietMaxInstances": "2",
    "QuietTimezone": "Europe/Berlin",
}


def test_a_quiet_time_has_its_own_bounds_and_then_those_of_the_day_hold(tmp_path: Path) -> None:
    name = "deploy-model-prd.yml"
    parameters = given(tmp_path, name)
    assert "ScheduledActions" not in resources_of(packaged(name), parameters, REGION)["ScalableTarget"][1]
    resources = resources_of(packaged(name), {**parameters, **QUIET}, REGION)
    assert faults(resources) == []
    begins, ends = resources["ScalableTarget"][1]["ScheduledActions"]
    assert (begins["Schedule"], begins["Timezone"]) == ("cron(0 22 * * ? *)", "Europe/Berlin")
    assert begins["ScalableTargetAction"] == {"MinCapacity": "1", "MaxCapacity": "2"}
    assert (ends["Schedule"], ends["Timezone"]) == ("cron(0 6 * * ? *)", "Europe/Berlin")
    assert ends["ScalableTargetAction"] == {"MinCapacity": "2", "MaxCapacity": "10"}


Planting = Callable[[str], str]


def replaced(old: str, new: str) -> Planting:
    def plant(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return plant


@pytest.mark.parametrize(
    ("plant", "parameters", "words"),
    [
        (
            replaced("- Canary10Percent10Minutes", "- Canary20Percent10Minutes"),
            {"DeploymentType": "Canary20Percent10Minutes"},
            "CodeDeploy has no configuration",
        ),
        (
            replaced("CanaryPercentage: !Ref 'ShiftPercent'", "CanaryPercentage: 100"),
            {"DeploymentType": "Custom", "ShiftType": "Canary", "ShiftPercent": "5", "ShiftMinutes": "3"},
            "ShiftConfig: mls-demo-Canary5Percent3Minutes: TimeBasedCanary needs a percentage from 1 to 99",
        ),
        (str, {**QUIET, "QuietMinInstances": "3"}, "quiet-from: at least 3 instances, and at most 2"),
        (str, {**QUIET, "QuietUntil": "cron(0 6 31 2 ? *)"}, "quiet-until: cron(0 6 31 2 ? *) never comes"),
        (str, {"MinInstances": "11"}, "at least 11 instances, and at most 10"),
        (str, {"InstanceCount": "1"}, "it begins with 1 instances, and scales from 2 to 10"),
        (replaced("AlarmActions:", "OKActions:"), {}, "nobody hears this alarm"),
        (replaced("!Ref 'VersionErrors'", "!Ref 'ApiFunction'"), {}, "ApiFunction is no alarm"),
        (replaced("TreatMissingData: ignore", "TreatMissingData: missing"), {}, "does not say what missing data means"),
        (str, {"MonitorScheduleExpression": "cron(0/5 * ? * * *)"}, "SageMaker monitors at full hours"),
        (str, {"MonitorScheduleExpression": "cron(0 25 ? * * *)"}, "25"),
        (str, {"MonitorScheduleExpression": "cron(0 12 31 2 ? *)"}, "never comes"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, plant: Planting, parameters: dict[str, str], words: str) -> None:
    name = "deploy-model-prd.yml"
    resources = resources_of(plant(packaged(name)), {**given(tmp_path, name), **parameters}, REGION)
    assert any(words in fault for fault in faults(resources)), faults(resources)
