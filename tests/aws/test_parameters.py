"""What one file writes, the other takes: parameters, variables, file names and outputs, key against key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsystem.client.project import OPTIONAL_PARAMETERS, Project
from tests.aws.build import build_variables, files_of, workflow_graph
from tests.aws.project import OVERRIDES, PIPELINE_PARAMETERS, PROJECT, TEMPLATES, TRAINING, VARIABLES, read_template

PIPELINE = read_template(TEMPLATES["pipeline.yml"].read_text())
STACKS = {
    "workflow-graph.json": workflow_graph(),
    **{
        name.replace(".yml", ".json"): read_template(path.read_text())
        for name, path in TEMPLATES.items()
        if name != "pipeline.yml"
    },
}
GIVEN_BY_PIPELINE = {"deploy-model-dev.json": TRAINING, "deploy-model-prd.json": OVERRIDES}
# Nobody else does: it has a default, which is no fault.
GIVEN_BY_THE_DRILL = {"deploy-model-prd.json": {"Fault"}}


def actions() -> dict[str, dict[str, Any]]:
    stages = PIPELINE["Resources"]["Pipeline"]["Properties"]["Stages"]
    return {action["Name"]: action for stage in stages for action in stage["Actions"]}


def refusals(parameters: dict[str, Any], values: dict[str, str]) -> list[str]:
    """What CloudFormation would refuse of the values."""
    found = []
    for name, value in values.items():
        rule = parameters[name]
        items = value.split(",") if rule["Type"] == "CommaDelimitedList" else [value]
        if "AllowedPattern" in rule and not all(re.search(rule["AllowedPattern"], item) for item in items):
            found.append(f"{name}: {value!r} does not match {rule['AllowedPattern']}")
        if "AllowedValues" in rule and value not in map(str, rule["AllowedValues"]):
            found.append(f"{name}: {value!r} is not one of {rule['AllowedValues']}")
        if len(value) > rule.get("MaxLength", len(value)):
            found.append(f"{name}: {value!r} is longer than {rule['MaxLength']}")
        if rule["Type"] == "Number" and not rule.get("MinValue", -1e18) <= float(value) <= rule.get("MaxValue", 1e18):
            found.append(f"{name}: {value} is out of range")
    return found


@pytest.mark.parametrize("name", list(STACKS))
def test_a_parameters_file_has_the_parameters_of_its_template_and_no_other(tmp_path: Path, name: str) -> None:
    given = {**files_of(tmp_path)[name]["Parameters"], **GIVEN_BY_PIPELINE.get(name, {})}
    assert set(given) | GIVEN_BY_THE_DRILL.get(name, set()) == set(STACKS[name]["Parameters"])


@pytest.mark.parametrize("name", list(STACKS))
def test_the_projects_own_settings_are_accepted_by_the_templates(tmp_path: Path, name: str) -> None:
    given = {**files_of(tmp_path)[name]["Parameters"], **GIVEN_BY_PIPELINE.get(name, {})}
    assert refusals(STACKS[name]["Parameters"], given) == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("SageMakerProjectName", "a-name-of-17-chars"),
        ("SageMakerProjectName", "Capitals"),
        ("ProjectPrefix", "elevenchars"),
        ("ModelName", "elevenchars"),
        ("ModelName", "Model"),
        ("EmailAddress", "nobody"),
        ("WebhookUrl", "example.com/hook"),
        ("DatasetBucket", "s3://bucket"),
        ("TimeoutInMinutes", "0"),
        ("RetrainSchedule", "every month"),
        ("LastingDriftSchedule", "every day"),
        ("ApiBaseUrl", "https://ml.example.com/"),
    ],
)
def test_the_pipeline_refuses_what_would_fail_later(parameter: str, value: str) -> None:
    assert refusals(PIPELINE["Parameters"], {parameter: value})


def test_the_pipeline_accepts_what_is_good() -> None:
    assert refusals(PIPELINE["Parameters"], PIPELINE_PARAMETERS) == []
    base_urls = ("", "http://127.0.0.1:4566/_api", "https://ml.example.com")
    assert not [refusal for url in base_urls for refusal in refusals(PIPELINE["Parameters"], {"ApiBaseUrl": url})]


def test_without_an_email_address_nobody_is_subscribed() -> None:
    assert PIPELINE["Parameters"]["EmailAddress"]["Default"] == ""
    assert PIPELINE["Resources"]["NotificationSubscription"]["Condition"] == "HasEmailAddress"
    assert PIPELINE["Parameters"]["WebhookUrl"]["Default"] == ""
    assert PIPELINE["Resources"]["WebhookSubscription"]["Condition"] == "HasWebhookUrl"


@pytest.mark.parametrize("template", [PIPELINE, *STACKS.values()])
def test_every_parameter_says_what_it_is_and_refuses_nonsense(template: dict[str, Any]) -> None:
    for name, rule in template["Parameters"].items():
        assert rule["Description"], name
        assert any(check in rule for check in ("AllowedPattern", "AllowedValues", "MinValue")), name


def test_codebuild_gets_every_variable_that_the_build_reads_and_no_other() -> None:
    project = PIPELINE["Resources"]["BuildProject"]["Properties"]["Environment"]["EnvironmentVariables"]
    names = {variable["Name"] for variable in project}
    assert names == build_variables() == set(VARIABLES)


def test_the_pipeline_takes_exactly_the_files_that_the_build_leaves() -> None:
    buildspec = yaml.safe_load((PROJECT / "model" / "buildspec.yml").read_text())
    taken = set(re.findall(r"BuildOutput::([\w.-]+)", json.dumps(PIPELINE)))
    taken.add(actions()["TrainModel"]["Configuration"]["Input"])
    assert set(buildspec["artifacts"]["files"]) == taken


def test_the_pipeline_gives_the_parameters_that_only_a_finished_training_knows() -> None:
    for name in ("DeployModelDev", "DeployModelPrd"):
        configuration = actions()[name]["Configuration"]
        overrides = json.loads(configuration["ParameterOverrides"])
        assert overrides["TrainingExecutionArn"] == "#{Train.ExecutionArn}"
        assert set(overrides) == set(GIVEN_BY_PIPELINE[configuration["TemplateConfiguration"].split("::")[1]])
    assert actions()["TrainModel"]["Namespace"] == "Train"


def test_the_release_is_named_by_the_function_that_the_history_of_the_deployment_is_read_by() -> None:
    action, deployment = actions()["NameRelease"], actions()["DeployModelPrd"]
    given = json.loads(deployment["Configuration"]["ParameterOverrides"])
    assert (given["ReleaseName"], given["GoesBack"]) == ("#{Release.Name}", "#{Release.GoesBack}")
    assert (action["Namespace"], action["RunOrder"] < deployment["RunOrder"]) == ("Release", True)
    program = (PROJECT / "api" / "name_release.py").read_text()
    assert f'DEPLOYMENT = "{deployment["Name"]}"' in program
    assert set(re.findall(r'given\["(\w+)"\]', program)) == set(given)


def test_the_approval_names_an_output_that_the_dev_stack_has() -> None:
    text = actions()["ApproveDeployment"]["Configuration"]["CustomData"]
    outputs = re.findall(r"#\{DeployDev\.(\w+)}", text)
    assert outputs
    assert set(outputs) <= set(STACKS["deploy-model-dev.json"]["Outputs"])
    assert actions()["DeployModelDev"]["Namespace"] == "DeployDev"


def test_the_approval_tells_what_was_measured() -> None:
    asked, told = actions()["ApproveDeployment"], actions()["TellEvidence"]
    assert f"#{{{told['Namespace']}.Words}}" in asked["Configuration"]["CustomData"]
    assert told["RunOrder"] < asked["RunOrder"]
    assert '{"Words": words}' in (PROJECT / "api" / "tell_evidence.py").read_text()


def test_stacks_with_a_macro_are_deployed_with_the_right_to_expand_it() -> None:
    for action in actions().values():
        configuration = action["Configuration"]
        if action["ActionTypeId"]["Provider"] == "CloudFormation":
            template = STACKS[configuration["TemplateConfiguration"].split("::")[1]]
            assert ("Transform" in template) == (configuration.get("Capabilities") == "CAPABILITY_AUTO_EXPAND")


def test_every_stack_of_a_run_and_its_jobs_carry_the_tags_that_a_bill_is_divided_by(tmp_path: Path) -> None:
    files = files_of(tmp_path)
    stages = {"workflow-graph": "train", "sagemaker-custom-resource": "shared"}
    stages |= {"deploy-model-dev": "dev", "deploy-model-prd": "prd"}
    for name, stage in stages.items():
        wanted = {"Project": "mls-demo", "Model": "mls-flights", "Stage": stage}
        assert wanted.items() <= files[f"{name}.json"]["Tags"].items()
    of_jobs = {tag["Key"]: tag["Value"] for tag in files["workflow-input.json"]["Tags"]}
    assert {"Project": "mls-demo", "Model": "mls-flights", "Stage": "train"}.items() <= of_jobs.items()


def test_every_key_of_the_projects_settings_is_a_parameter_of_the_pipeline() -> None:
    settings = yaml.safe_load((PROJECT / "mlsystem.yaml").read_text())
    given = Project(PROJECT, settings).parameters()
    assert set(given) <= set(PIPELINE["Parameters"])
    assert refusals(PIPELINE["Parameters"], given) == []
    required = {
        "name",
        "id",
        "prefix",
        "model_name",
        "dataset_bucket",
        "git_branch",
        "email_address",
        "timeout_minutes",
    }
    assert set(settings["project"]) - required == set(OPTIONAL_PARAMETERS)
    assert set(OPTIONAL_PARAMETERS.values()) <= set(PIPELINE["Parameters"])
