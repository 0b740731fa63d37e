"""Monitoring schedules: captured requests are looked at by a processing job."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving

ENDED = {"Completed", "CompletedWithViolations", "Failed", "Stopped"}
# Counts captured requests, and finds as many violations as a schedule's variable says.
MONITOR = """#!/usr/bin/env python3
import json, os, pathlib
source = pathlib.Path(os.environ["dataset_source"])
lines = [line for path in sorted(source.rglob("*.jsonl")) for line in path.read_text().splitlines()]
constraints = json.loads(pathlib.Path(os.environ["baseline_constraints"]).read_text())
script = pathlib.Path(os.environ["record_preprocessor_script"])
report = {"requests": len(lines), "constraints": constraints, "script": script.read_text(), "env": dict(os.environ)}
pathlib.Path(os.environ["output_path"], "report.json").write_text(json.dumps(report))
violations = os.environ["violations"]
if violations == "crash":
    raise SystemExit("cannot look at this")
word = "CompletedWithViolations" if int(violations) else "Completed"
message = f"{word}: Job completed successfully with {violations} violations."
pathlib.Path("/opt/ml/output/message").write_text(message)
"""


class Watched:
    """An endpoint that captures its requests, and a program that looks at them."""

    def __init__(self, live: LiveEngine):
        self.live = live
        self.asked = 0
        self.serving = Serving(live)
        self.home = self.serving.home
        self.sagemaker = self.serving.sagemaker
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.home}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        self.endpoint = self.serving.endpoint(self.serving.simple_config(DataCaptureConfig=capture))
        self.image = push_image(live, f"{self.home}-monitor", {"/opt/program/monitor": MONITOR})
        self.s3 = live.client("s3")
        self.s3.put_object(Bucket=self.home, Key="baseline/constraints.json", Body=b'{"version": 0.0}')
        self.s3.put_object(Bucket=self.home, Key="code/pre.py", Body=b"# a script")

    def keys(self, prefix: str) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.home, Prefix=prefix).get("Contents", ())]

    def capture(self, count: int) -> None:
        for number in range(count):
            self.serving.invoke(self.endpoint, f"{number}")
        self.asked += count
        # Objects hold as many lines as came together: it is the lines that must all be there.
        eventually(lambda: self._captured() >= self.asked)

    def _captured(self) -> int:
        bodies = [
            self.s3.get_object(Bucket=self.home, Key=key)["Body"] for key in self.keys(f"captured/{self.endpoint}/")
        ]
        return sum(len(body.read().splitlines()) for body in bodies)

    def config(self, expression: str = "NOW", violations: str = "0", **definition: Any) -> dict[str, Any]:
        return {
            "ScheduleConfig": {"ScheduleExpression": expression},
            "MonitoringJobDefinition": {
                "RoleArn": role(self.live, "monitor"),
                "MonitoringAppSpecification": {
                    "ImageUri": self.image,
                    "ContainerEntrypoint": ["monitor"],
                    "RecordPreprocessorSourceUri": f"s3://{self.home}/code/pre.py",
                },
                "BaselineConfig": {
                    "ConstraintsResource": {"S3Uri": f"s3://{self.home}/baseline/constraints.json"},
                },
                "MonitoringInputs": [
                    {"EndpointInput": {"EndpointName": self.endpoint, "LocalPath": "/opt/ml/processing/input/endpoint"}}
                ],
                "MonitoringOutputConfig": {
                    "MonitoringOutputs": [
                        {
                            "S3Output": {
                                "S3Uri": f"s3://{self.home}/reports",
                                "LocalPath": "/opt/ml/processing/output",
                            }
                        }
                    ]
                },
                "MonitoringResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                "Environment": {"violations": violations},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **definition,
            },
        }

    def create(self, name: str, **config: Any) -> None:
        self.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=name, MonitoringScheduleConfig=self.config(**config)
        )

    def execution(self, name: str) -> dict[str, Any]:
        """The only one, once it has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
            summaries = found["MonitoringExecutionSummaries"]
            assert len(summaries) <= 1
            return summaries[0] if summaries and summaries[0]["MonitoringExecutionStatus"] in ENDED else None

        return dict(eventually(ended))


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
        ({"BaselineConfig": {"BaseliningJobName": "b"}}, "BaseliningJobName is not implemented"),
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
