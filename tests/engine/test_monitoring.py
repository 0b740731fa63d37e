"""Monitoring schedules: captured requests are looked at by a processing job."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.live import LiveEngine
from tests.watched import Watched


@pytest.fixture(scope="module")
def watched(engine: LiveEngine) -> Watched:
    made = Watched(engine)
    made.capture(5)
    return made


@pytest.mark.parametrize(
    ("violations", "status"), [("0", "Completed"), ("3", "CompletedWithViolations"), ("crash", "Failed")]
)
def test_an_execution_ends_as_its_program_says(watched: Watched, violations: str, status: str) -> None:
    name = f"watch-{violations}"
    watched.create(name, violations=violations)
    execution = watched.execution(name)
    assert execution["MonitoringExecutionStatus"] == status, execution
    job = watched.sagemaker.describe_processing_job(ProcessingJobName=execution["ProcessingJobArn"].split("/")[-1])
    schedule = watched.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    assert job["MonitoringScheduleArn"] == schedule["MonitoringScheduleArn"]
    assert schedule["LastMonitoringExecutionSummary"]["MonitoringExecutionStatus"] == status
    assert ("cannot look at this" in execution.get("FailureReason", "")) == (status == "Failed")


def test_the_program_is_told_where_everything_is(watched: Watched) -> None:
    watched.create("told")
    execution = watched.execution("told")
    at = execution["ScheduledTime"]
    (key,) = watched.keys("reports/" + watched.endpoint + "/told/")
    assert key == f"reports/{watched.endpoint}/told/{at:%Y/%m/%d/%H}/report.json"
    report = json.loads(watched.s3.get_object(Bucket=watched.home, Key=key)["Body"].read())
    assert (report["requests"], report["constraints"], report["script"]) == (5, {"version": 0.0}, "# a script")
    told = report["env"]
    assert told["sagemaker_endpoint_name"] == watched.endpoint
    assert told["sagemaker_monitoring_schedule_name"] == "told"
    assert told["end_time"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"
    assert json.loads(told["dataset_format"]) == {
        "sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}
    }


def test_an_hourly_schedule_waits_and_can_be_stopped_started_and_deleted(watched: Watched) -> None:
    sagemaker, name = watched.sagemaker, "hourly"
    watched.create(name, expression="cron(0 * ? * * *)")

    def status() -> str:
        return str(sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)["MonitoringScheduleStatus"])

    assert status() == "Scheduled"
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName=name)
    assert status() == "Stopped"
    sagemaker.start_monitoring_schedule(MonitoringScheduleName=name)
    assert status() == "Scheduled"
    listed = sagemaker.list_monitoring_schedules(EndpointName=watched.endpoint, NameContains="hourly")
    assert [one["MonitoringScheduleName"] for one in listed["MonitoringScheduleSummaries"]] == [name]
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    with pytest.raises(ClientError) as error:
        status()
    assert error.value.response["Error"]["Code"] == "ResourceNotFound"


def test_an_hour_without_requests_fails_and_says_so(engine: LiveEngine) -> None:
    quiet = Watched(engine)
    quiet.create("quiet")
    execution = quiet.execution("quiet")
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert "Job inputs had no data" in execution["FailureReason"]
    assert quiet.endpoint in execution["FailureReason"]
    assert "ProcessingJobArn" not in execution


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expression": "cron(5 * ? * * *)"}, "full hours"),
        ({"expression": "cron(0 * ? * * *)", "StoppingCondition": {"MaxRuntimeInSeconds": 7200}}, "at most 3600"),
        ({"BaselineConfig": {"BaseliningJobName": "b"}}, "Could not find the baselining job b"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(watched: Watched, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        watched.create("refused", **changes)


@pytest.mark.parametrize(
    "point",
    ["sagemaker.monitoring_schedule.start_execution.before", "sagemaker.monitoring_schedule.start_execution.after"],
)
def test_an_execution_is_made_once_also_after_a_crash(new_engine: Callable[..., LiveEngine], point: str) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": point})
    one = Watched(live)
    one.capture(1)
    with suppress(ClientError, BotoCoreError):  # the engine may die before it answers
        one.create("once")
    live.await_death()
    live.start()
    assert one.execution("once")["MonitoringExecutionStatus"] == "Completed"
    jobs = one.sagemaker.list_processing_jobs(NameContains="model-monitoring")["ProcessingJobSummaries"]
    assert len(jobs) == 1


MERGED = "notice:sagemaker.MonitoringExecutions:sagemaker.processing_job.ended.before"
ANALYSIS = "sagemaker.monitoring_execution.start_analysis"


def test_a_models_quality_is_merged_and_judged_once_also_after_crashes(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    one = Watched(live)
    one.capture(1)
    one.label("truth", "r0")
    one.sagemaker.create_model_quality_job_definition(**one.model_quality("once"))
    live.stop()
    first = "sagemaker.monitoring_schedule.start_execution.after"
    live.start({"MLSYSTEM_KILL_AT": first})
    with suppress(ClientError, BotoCoreError):  # the engine may die before it answers
        one.schedule("once", "once", "ModelQuality")
    live.await_death()
    for point in (MERGED, f"{ANALYSIS}.before", f"{ANALYSIS}.after"):
        live.spawn({"MLSYSTEM_KILL_AT": point})
        live.await_death()
    live.start()
    assert one.execution("once")["MonitoringExecutionStatus"] == "Completed"
    names = [job["ProcessingJobName"] for job in one.sagemaker.list_processing_jobs()["ProcessingJobSummaries"]]
    assert sorted(name.rsplit("-", 2)[0] for name in names) == ["groundtruth-merge", "model-quality-monitoring"]
