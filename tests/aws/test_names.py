"""Names hold the stacks together: each that one template uses, another one gives; none says an account or a region."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.aws.build import workflow_graph
from tests.aws.project import PROJECT, TEMPLATES, read_template

PIPELINE = read_template(TEMPLATES["pipeline.yml"].read_text())
OTHERS = {name: read_template(path.read_text()) for name, path in TEMPLATES.items() if name != "pipeline.yml"}
OTHERS["workflow-graph.yml"] = workflow_graph()
NAMES = ("Name", "BucketName", "TopicName", "RepositoryName", "RoleName", "FunctionName", "AlarmName")
BASE = "${ProjectPrefix}-${SageMakerProjectName}"
FOLDERS = [PROJECT / name for name in ("model", "assets", "api", "custom_resource", "retraining")]
SOURCES = [PROJECT / "pipeline.yml", *sorted(path for folder in FOLDERS for path in folder.iterdir() if path.is_file())]


def resources_of(kind: str, *templates: dict[str, Any]) -> list[dict[str, Any]]:
    found = [resource for template in templates for resource in template["Resources"].values()]
    return [resource["Properties"] for resource in found if resource["Type"] == kind]


def function_names() -> set[str]:
    """The names of all functions, without the pipeline's."""
    functions = resources_of("AWS::Serverless::Function", *OTHERS.values())
    return {function["FunctionName"]["Fn::Sub"].removeprefix("${PipelineName}-") for function in functions}


def test_every_role_that_a_stack_names_is_made_by_the_pipelines_template() -> None:
    made = {role["RoleName"]["Fn::Sub"] for role in resources_of("AWS::IAM::Role", PIPELINE)}
    for name, template in OTHERS.items():
        for role in re.findall(r"role/\$\{PipelineName}([\w-]+-\$\{AWS::Region})", json.dumps(template)):
            assert BASE + role in made, f"{name} names role {role}"


def test_every_function_that_is_named_is_made() -> None:
    texts = json.dumps([PIPELINE, workflow_graph()]).replace(BASE, "${PipelineName}")
    named = set(re.findall(r"function:\$\{PipelineName}-([\w-]+?)(?::\*|\*)?\"", texts))
    named.add("verify-deployment")
    assert named - {""}
    assert named <= function_names()


def test_the_state_machine_is_named_like_the_pipeline_that_starts_it() -> None:
    assert PIPELINE["Resources"]["Pipeline"]["Properties"]["Name"] == {"Fn::Sub": BASE}
    assert workflow_graph()["Resources"]["Workflow"]["Properties"]["StateMachineName"] == {"Ref": "PipelineName"}


def test_the_rules_of_drift_match_the_name_of_the_drift_alarm() -> None:
    alarm = OTHERS["deploy-model-prd.yml"]["Resources"]["DriftAlarm"]["Properties"]["AlarmName"]["Fn::Sub"]
    functions = OTHERS["sagemaker-custom-resource.yml"]["Resources"]
    for name in ("QueryDrift", "Retrain"):
        rule = functions[name]["Properties"]["Events"]["DriftRaised"]["Properties"]["Pattern"]
        [pattern] = rule["detail"]["alarmName"]
        assert alarm.startswith(pattern["prefix"]["Fn::Sub"].replace(BASE, "${PipelineName}"))
        assert rule["detail"]["state"] == {"value": ["ALARM"]}


def test_the_drift_alarm_watches_the_metric_that_query_drift_emits() -> None:
    alarm = OTHERS["deploy-model-prd.yml"]["Resources"]["DriftAlarm"]["Properties"]
    program = (PROJECT / "custom_resource" / "sagemaker_query_drift.py").read_text()
    variables = OTHERS["sagemaker-custom-resource.yml"]["Resources"]["QueryDrift"]["Properties"]["Environment"]
    assert alarm["Namespace"] == variables["Variables"]["METRIC_NAMESPACE"]
    assert f'{{"Name": "{alarm["MetricName"]}"' in program
    assert [dimension["Name"] for dimension in alarm["Dimensions"]] == ["MonitoringSchedule"]
    assert '"Dimensions": [["MonitoringSchedule"]]' in program


def test_the_rules_of_functions_are_the_ones_that_the_stack_may_make() -> None:
    functions = resources_of("AWS::Serverless::Function", OTHERS["sagemaker-custom-resource.yml"])
    events = [rule for function in functions for rule in function.get("Events", {}).values()]
    made = {rule["Properties"]["RuleName"]["Fn::Sub"].replace("${PipelineName}", BASE) for rule in events}
    allowed = set(re.findall(r"rule/(\$\{ProjectPrefix}[^\"]+)", json.dumps(PIPELINE["Resources"]["DeployRole"])))
    assert made == allowed


def test_monitoring_writes_where_query_drift_looks() -> None:
    schedule = OTHERS["deploy-model-prd.yml"]["Resources"]["MonitoringSchedule"]["Properties"]
    definition = schedule["MonitoringScheduleConfig"]["MonitoringJobDefinition"]
    [output] = definition["MonitoringOutputConfig"]["MonitoringOutputs"]
    variables = OTHERS["sagemaker-custom-resource.yml"]["Resources"]["QueryDrift"]["Properties"]["Environment"]
    assert output["S3Output"]["S3Uri"] == variables["Variables"]["MONITORING_URI"]


def test_the_stacks_read_what_the_workflow_wrote() -> None:
    """All below <RunsUri>/<name of the training job>; test_workflow.py holds the workflow's side."""
    definition = (PROJECT / "model" / "workflow.asl.json").read_text()
    text = json.dumps(OTHERS["deploy-model-prd.yml"])
    used = set(re.findall(r"/runs/\$\{TrainingJobName}(/[\w./-]*)", text))
    assert used == {
        "/output/model.tar.gz",  # SageMaker's own place below S3OutputPath
        "/data/requests/",
        "/production-baseline/constraints.json",
        "/production-baseline/statistics.json",
    }
    assert "$runUri & '/data/' & $" in definition
    assert "$runUri & '/production-baseline'" in definition


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_says_an_account_a_region_or_a_partition(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(r"\b\d{12}\b", text)
    assert not re.findall(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-(?:gov-)?(?:north|south|east|west|central)\w*-\d\b", text)
    assert not re.findall(r"arn:aws\b", text)


def test_everything_with_a_name_begins_with_the_prefix() -> None:
    for template in (PIPELINE, *OTHERS.values()):
        for logical_id, resource in template["Resources"].items():
            for key, value in resource.get("Properties", {}).items():
                if key in NAMES and resource["Type"] != "AWS::Lambda::Permission":
                    text = json.dumps(value)
                    assert BASE in text or "PipelineName" in text, f"{logical_id}.{key}"
