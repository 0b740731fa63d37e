"""Job definitions of data and model quality, schedules that name them, and the executions of both types."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually
from tests.stacks import StackUser
from tests.watched import ENDED, Watched

HOURLY = "cron(0 * ? * * *)"
CAPTURED = 4


@pytest.fixture(scope="module")
def watched(engine: LiveEngine) -> Watched:
    made = Watched(engine)
    made.capture(CAPTURED)
    return made


Request = Callable[[str], dict[str, Any]]


def noun_and_request(watched: Watched, kind: str) -> tuple[str, Request]:
    """How boto3 calls the type, and what makes a request."""
    data: tuple[str, Request] = ("data_quality_job_definition", watched.data_quality)
    model: tuple[str, Request] = ("model_quality_job_definition", watched.model_quality)
    return data if kind == "DataQuality" else model


@pytest.mark.parametrize("kind", ["DataQuality", "ModelQuality"])
def test_a_definition_is_described_and_listed_as_it_was_created_until_it_is_deleted(
    watched: Watched, kind: str
) -> None:
    sagemaker, (noun, request) = watched.sagemaker, noun_and_request(watched, kind)
    names = [f"kept-{kind}-a", f"kept-{kind}-b"]
    tags = [{"Key": "team", "Value": "flights"}]
    arns = [getattr(sagemaker, f"create_{noun}")(**request(name), Tags=tags)["JobDefinitionArn"] for name in names]
    assert arns[0].endswith(f":{noun.replace('_', '-')}/{names[0].lower()}")
    assert sagemaker.list_tags(ResourceArn=arns[0])["Tags"] == tags

    described = getattr(sagemaker, f"describe_{noun}")(JobDefinitionName=names[0])
    given = request(names[0])
    assert {name: described[name] for name in given} == given
    assert described["JobDefinitionArn"] == arns[0]

    asked = {"EndpointName": watched.endpoint, "NameContains": f"kept-{kind}"}
    newest, oldest = getattr(sagemaker, f"list_{noun}s")(**asked)["JobDefinitionSummaries"]
    assert (newest["MonitoringJobDefinitionName"], oldest["MonitoringJobDefinitionArn"]) == (names[1], arns[0])
    assert getattr(sagemaker, f"list_{noun}s")(EndpointName="another")["JobDefinitionSummaries"] == []

    with pytest.raises(ClientError) as error:
        getattr(sagemaker, f"create_{noun}")(**given)
    assert error.value.response["Error"]["Code"] == "ResourceInUse"
    for name in names:
        getattr(sagemaker, f"delete_{noun}")(JobDefinitionName=name)
    for verb in ("describe", "delete"):
        with pytest.raises(ClientError) as error:
            getattr(sagemaker, f"{verb}_{noun}")(JobDefinitionName=names[0])
        assert error.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_schedule_runs_the_definition_that_it_names(watched: Watched) -> None:
    watched.sagemaker.create_data_quality_job_definition(**watched.data_quality("named", violations="2"))
    watched.schedule("by-name", "named", "DataQuality")
    execution = watched.execution("by-name")
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert (execution["MonitoringType"], execution["MonitoringJobDefinitionName"]) == ("DataQuality", "named")
    assert watched.job(execution)["ProcessingJobName"].startswith("data-quality-monitoring-")
    assert watched.report(execution)["requests"] == CAPTURED
    described = watched.sagemaker.describe_monitoring_schedule(MonitoringScheduleName="by-name")
    assert (described["MonitoringType"], described["EndpointName"]) == ("DataQuality", watched.endpoint)
    assert described["MonitoringScheduleConfig"] == {
        "ScheduleConfig": {"ScheduleExpression": "NOW"},
        "MonitoringJobDefinitionName": "named",
        "MonitoringType": "DataQuality",
    }


def test_a_models_quality_is_merged_by_one_job_and_judged_by_the_next(watched: Watched) -> None:
    """Only the labelled ones of the captured requests are judged."""
    watched.label("truth", "r1", "r3", "of-nobody")
    watched.sagemaker.create_model_quality_job_definition(**watched.model_quality("judged"))
    watched.schedule("quality", "judged", "ModelQuality")
    execution = watched.execution("quality")
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert (execution["MonitoringType"], execution["MonitoringJobDefinitionName"]) == ("ModelQuality", "judged")
    job, report = watched.job(execution), watched.report(execution)
    assert report["requests"] == 2
    told = report["env"]
    assert (told["analysis_type"], told["problem_type"], told["inference_attribute"]) == (
        "MODEL_QUALITY",
        "Regression",
        "2",
    )
    assert json.loads(told["dataset_format"]) == {"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}

    name = job["ProcessingJobName"].replace("model-quality-monitoring", "groundtruth-merge")
    merge = watched.sagemaker.describe_processing_job(ProcessingJobName=name)
    assert merge["MonitoringScheduleArn"] == job["MonitoringScheduleArn"]
    assert merge["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == f"s3://{watched.home}/reports/merge"
    merged = watched.keys(f"reports/merge/{watched.endpoint}/AllTraffic/")
    captured = watched.keys(f"captured/{watched.endpoint}/AllTraffic/")
    assert {key.removeprefix("reports/merge/") for key in merged} <= {key.removeprefix("captured/") for key in captured}


def test_lists_tell_schedules_and_executions_by_type_and_by_definition(watched: Watched) -> None:
    sagemaker = watched.sagemaker
    sagemaker.create_model_quality_job_definition(**watched.model_quality("listed-q", truth="nowhere"))
    sagemaker.create_data_quality_job_definition(**watched.data_quality("listed-d"))
    watched.schedule("list-q", "listed-q", "ModelQuality")
    watched.schedule("list-d", "listed-d", "DataQuality")
    watched.create("list-inline")
    names = ("list-q", "list-d", "list-inline")
    for name in names:
        watched.execution(name)

    def listed(**asked: str) -> tuple[set[str], set[str]]:
        schedules = sagemaker.list_monitoring_schedules(**asked)["MonitoringScheduleSummaries"]
        executions = sagemaker.list_monitoring_executions(**asked)["MonitoringExecutionSummaries"]
        of_schedules = {one["MonitoringScheduleName"] for one in schedules}
        return of_schedules & {*names}, {one["MonitoringScheduleName"] for one in executions} & {*names}

    assert listed(MonitoringTypeEquals="ModelQuality") == ({"list-q"}, {"list-q"})
    assert listed(MonitoringTypeEquals="DataQuality") == ({"list-d", "list-inline"}, {"list-d", "list-inline"})
    assert listed(MonitoringJobDefinitionName="listed-d") == ({"list-d"}, {"list-d"})
    assert listed(MonitoringTypeEquals="ModelBias") == (set(), set())
    found = sagemaker.list_monitoring_schedules(NameContains="list-")["MonitoringScheduleSummaries"]
    assert {one["MonitoringScheduleName"]: one.get("MonitoringJobDefinitionName") for one in found} == {
        "list-q": "listed-q",
        "list-d": "listed-d",
        "list-inline": None,
    }


def test_without_ground_truth_an_execution_says_where_it_looked(watched: Watched) -> None:
    watched.sagemaker.create_model_quality_job_definition(**watched.model_quality("unlabelled", truth="no-truth"))
    watched.schedule("no-truth", "unlabelled", "ModelQuality")
    execution = watched.execution("no-truth")
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert f"no ground truth in s3://{watched.home}/no-truth/" in execution["FailureReason"]
    assert "ProcessingJobArn" not in execution


def test_the_offsets_of_a_definition_choose_the_hours_of_captured_requests(watched: Watched) -> None:
    """Two days ago nobody asked the endpoint."""
    watched.label("truth", "r0")
    early = watched.model_quality("early", StartTimeOffset="-P2D", EndTimeOffset="-P1D")
    watched.sagemaker.create_model_quality_job_definition(**early)
    watched.schedule("early", "early", "ModelQuality")
    reason = watched.execution("early")["FailureReason"]
    start = datetime.now(UTC) - timedelta(days=2)
    assert f"captured no requests from {start:%Y-%m-%dT}" in reason
    assert f"below s3://{watched.home}/captured/{watched.endpoint}/" in reason


@pytest.mark.parametrize(
    ("text", "words"), [("unreadable", "cannot read the ground truth"), ("", "left no merged records in s3://")]
)
def test_what_cannot_be_merged_fails_with_the_reason(watched: Watched, text: str, words: str) -> None:
    name = f"broken-{len(text)}"
    watched.put_truth(name, text)
    definition = watched.model_quality(name, truth=name)
    output = {"S3Uri": f"s3://{watched.home}/{name}-reports", "LocalPath": "/opt/ml/processing/output"}
    definition["ModelQualityJobOutputConfig"] = {"MonitoringOutputs": [{"S3Output": output}]}
    watched.sagemaker.create_model_quality_job_definition(**definition)
    watched.schedule(name, name, "ModelQuality")
    execution = watched.execution(name)
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert words in execution["FailureReason"]
    assert watched.job(execution)["ProcessingJobName"].startswith("groundtruth-merge-")


def test_a_baselining_job_stands_for_the_files_that_it_has_made(watched: Watched) -> None:
    output = {
        "S3Uri": f"s3://{watched.home}/made-baseline",
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    program = (
        """import pathlib; pathlib.Path("/opt/ml/processing/output/constraints.json").write_text('{"version": 7.0}')"""
    )
    request = watched.data_quality("by-job")
    watched.sagemaker.create_processing_job(
        ProcessingJobName="baselining",
        RoleArn=request["RoleArn"],
        AppSpecification={"ImageUri": watched.image, "ContainerEntrypoint": ["python3", "-c", program]},
        ProcessingResources=request["JobResources"],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "monitoring_output", "S3Output": output}]},
    )
    described = watched.sagemaker.describe_processing_job
    eventually(lambda: described(ProcessingJobName="baselining")["ProcessingJobStatus"] == "Completed")
    baseline = {"BaseliningJobName": "baselining", "StatisticsResource": {"S3Uri": f"s3://{watched.home}/code/pre.py"}}
    watched.sagemaker.create_data_quality_job_definition(**{**request, "DataQualityBaselineConfig": baseline})
    watched.schedule("by-job", "by-job", "DataQuality")
    report = watched.report(watched.execution("by-job"))
    assert report["constraints"] == {"version": 7.0}
    assert report["env"]["baseline_statistics"].endswith("/pre.py")


def test_a_schedule_may_be_given_another_definition(watched: Watched) -> None:
    sagemaker = watched.sagemaker
    sagemaker.create_data_quality_job_definition(**watched.data_quality("other-d"))
    watched.create("moves", expression=HOURLY)
    named = {"MonitoringJobDefinitionName": "other-d", "MonitoringType": "DataQuality"}

    def moved(config: dict[str, Any]) -> dict[str, Any]:
        sagemaker.update_monitoring_schedule(MonitoringScheduleName="moves", MonitoringScheduleConfig=config)
        described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="moves")
        return dict(described["MonitoringScheduleConfig"])

    assert moved(named) == {"ScheduleConfig": {"ScheduleExpression": HOURLY}, **named}
    inline = watched.config(HOURLY)
    assert moved(inline) == inline
    assert moved(named).keys() == {"ScheduleConfig", "MonitoringJobDefinitionName", "MonitoringType"}


def test_a_deleted_definition_is_missed_by_the_next_execution(watched: Watched) -> None:
    sagemaker = watched.sagemaker
    sagemaker.create_data_quality_job_definition(**watched.data_quality("deleted"))
    watched.schedule("goes-on", "deleted", "DataQuality")
    assert watched.execution("goes-on")["MonitoringExecutionStatus"] == "Completed"
    sagemaker.delete_data_quality_job_definition(JobDefinitionName="deleted")
    sagemaker.start_monitoring_schedule(MonitoringScheduleName="goes-on")

    def second() -> Any:
        found = sagemaker.list_monitoring_executions(MonitoringScheduleName="goes-on")["MonitoringExecutionSummaries"]
        return found[0] if len(found) == 2 and found[0]["MonitoringExecutionStatus"] in ENDED else None

    assert "Could not find the data quality job definition deleted" in eventually(second)["FailureReason"]


NAMED = {"MonitoringJobDefinitionName": "refused", "MonitoringType": "DataQuality"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({**NAMED, "MonitoringType": "ModelBias"}, "monitoring of the type ModelBias is not implemented"),
        ({**NAMED, "MonitoringType": "ModelExplainability"}, "type ModelExplainability is not implemented"),
        ({**NAMED, "MonitoringType": "ModelQuality"}, "Could not find the model quality job definition refused"),
        (NAMED, "Could not find the data quality job definition refused"),
        ({"MonitoringJobDefinitionName": "refused"}, "needs its MonitoringType"),
        ({}, "Give one of MonitoringJobDefinition and MonitoringJobDefinitionName"),
    ],
)
def test_a_schedule_of_what_is_not_there_is_refused(watched: Watched, config: dict[str, str], words: str) -> None:
    whole: dict[str, Any] = {"ScheduleConfig": {"ScheduleExpression": "NOW"}, **config}
    with pytest.raises(ClientError, match=words):
        watched.sagemaker.create_monitoring_schedule(MonitoringScheduleName="no", MonitoringScheduleConfig=whole)


def test_a_stack_has_definitions_and_a_schedule_and_replaces_a_definition_that_changes(watched: Watched) -> None:
    sagemaker = watched.sagemaker

    def template(threshold: float) -> str:
        data, model = watched.data_quality("unused"), watched.model_quality("unused")
        model["ModelQualityJobInput"]["EndpointInput"]["ProbabilityThresholdAttribute"] = threshold
        for request in (data, model):
            del request["JobDefinitionName"]
        name = {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Model"}]}]}
        config = {
            "ScheduleConfig": {"ScheduleExpression": HOURLY},
            "MonitoringJobDefinitionName": name,
            "MonitoringType": "ModelQuality",
        }
        schedule = {"MonitoringScheduleName": "of-stack", "MonitoringScheduleConfig": config}
        resources = {
            "Data": {"Type": "AWS::SageMaker::DataQualityJobDefinition", "Properties": data},
            "Model": {"Type": "AWS::SageMaker::ModelQualityJobDefinition", "Properties": model},
            "Schedule": {"Type": "AWS::SageMaker::MonitoringSchedule", "Properties": schedule},
        }
        outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Model", "JobDefinitionArn"]}}}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def definition_of_schedule() -> str:
        described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="of-stack")
        return str(described["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"])

    stack = StackUser(watched.live, "quality-stack")
    created = stack.create(template(0.5))
    assert created["StackStatus"] == "CREATE_COMPLETE", stack.failures()
    first, data = stack.resource("Model"), stack.resource("Data")
    assert created["Outputs"][0]["OutputValue"] == first
    assert definition_of_schedule() == first.split("/")[-1]

    assert stack.update(template(0.7))["StackStatus"] == "UPDATE_COMPLETE", stack.failures()
    second = stack.resource("Model")
    assert second != first
    assert stack.resource("Data") == data
    name = definition_of_schedule()
    assert name == second.split("/")[-1]
    described = sagemaker.describe_model_quality_job_definition(JobDefinitionName=name)
    assert described["ModelQualityJobInput"]["EndpointInput"]["ProbabilityThresholdAttribute"] == 0.7
    found = sagemaker.list_model_quality_job_definitions(NameContains="quality-stack")["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in found] == [name]

    assert stack.delete()["StackStatus"] == "DELETE_COMPLETE", stack.failures()
    for kind in ("data", "model"):
        found = getattr(sagemaker, f"list_{kind}_quality_job_definitions")(NameContains="quality-stack")
        assert found["JobDefinitionSummaries"] == []
