"""Monitoring schedules: when executions are due, which hours they look at, and the job they make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, SetTimer, Step
from mlsystem.engine.services.sagemaker.monitoring_definition import Monitoring, MonitoringType
from mlsystem.engine.services.sagemaker.monitoring_job import Occasion, capture_folders, job_request
from mlsystem.engine.services.sagemaker.monitoring_schedule import (
    MonitoringSchedule,
    MonitoringScheduleMachine,
    ScheduleStatus,
)
from mlsystem.engine.services.sagemaker.monitoring_window import window

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
HOUR = 3600.0


def _schedule(expression: str = "cron(0 * ? * * *)", **environment: str) -> MonitoringSchedule:
    definition: dict[str, Any] = {
        "RoleArn": "arn:aws:iam::000000000000:role/monitor",
        "MonitoringAppSpecification": {"ImageUri": "image"},
        "BaselineConfig": {"StatisticsResource": {"S3Uri": "s3://b/base/statistics.json"}},
        "MonitoringInputs": [{"EndpointInput": {"EndpointName": "e", "LocalPath": "/opt/ml/processing/input"}}],
        "MonitoringOutputConfig": {
            "KmsKeyId": "key",
            "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b/out/", "LocalPath": "/opt/ml/processing/output"}}],
        },
        "MonitoringResources": {"ClusterConfig": {"InstanceCount": 1}},
        "Environment": environment,
    }
    config = {"ScheduleConfig": {"ScheduleExpression": expression}, "MonitoringJobDefinition": definition}
    return MonitoringSchedule(key="s", parent="e", state=ScheduleStatus.SCHEDULED, arn="arn:s", config=config)


def _occasion(due: float = TEN, **environment: str) -> Occasion:
    schedule = _schedule(**environment)
    monitoring = Monitoring(MonitoringType.DATA_QUALITY, schedule.config["MonitoringJobDefinition"])
    return Occasion(schedule, monitoring, due, window({}, due))


def _timer(step: Step[MonitoringSchedule]) -> SetTimer:
    (timer,) = step.timers
    assert isinstance(timer, SetTimer)
    return timer


def test_an_hour_is_due_when_its_data_have_arrived() -> None:
    machine = MonitoringScheduleMachine()
    first = _timer(machine.begin(_schedule(), TEN - 60))
    assert (first.at, first.data["due"]) == (TEN + 10, TEN)
    step = machine.advance(_schedule(), Event("timer", {"timer": "due", "due": TEN}), TEN + 10)
    assert [action.data["due"] for action in step.actions] == [TEN]
    assert _timer(step).data["due"] == TEN + HOUR


def test_hours_that_passed_while_the_engine_was_down_are_not_made_up_for() -> None:
    step = MonitoringScheduleMachine().advance(_schedule(), Event("timer", {"due": TEN}), TEN + 3 * HOUR + 100)
    assert [action.data["due"] for action in step.actions] == [TEN]
    assert _timer(step).data["due"] == TEN + 4 * HOUR


def test_now_is_due_at_once_and_again_when_it_is_started() -> None:
    machine = MonitoringScheduleMachine()
    assert [action.data["due"] for action in machine.begin(_schedule("NOW"), TEN + 5).actions] == [TEN + 5]
    again = machine.advance(_schedule("NOW"), Event("started"), TEN + 9)
    assert [action.data["due"] for action in again.actions] == [TEN + 9]


def test_a_stopped_schedule_starts_nothing() -> None:
    machine = MonitoringScheduleMachine()
    stopped = machine.advance(_schedule(), Event("stopped"), TEN).record
    assert stopped is not None
    assert machine.advance(stopped, Event("timer", {"due": TEN}), TEN).actions == ()


def test_the_window_is_the_hour_before_and_has_one_folder() -> None:
    looked_at = window({}, TEN)
    folders = capture_folders("s3://b/capture/", "e", ["AllTraffic"], looked_at)
    assert [folder.uri for folder in folders] == ["s3://b/capture/e/AllTraffic/2026/11/24/09/"]


def test_a_window_between_hours_has_the_folders_of_both() -> None:
    looked_at = window({"DataAnalysisStartTime": "-PT2H", "DataAnalysisEndTime": "-PT30M"}, TEN + 60)
    folders = capture_folders("s3://b/capture", "e", ["v"], looked_at)
    assert [folder.path[-2:] for folder in folders] == ["08", "09"]


@pytest.mark.parametrize("sign", ["-P", "P", "-PT"])
def test_the_offsets_of_an_endpoint_input_are_taken_off_the_scheduled_time(sign: str) -> None:
    """AWS's example: due on the 9th at 13:00, -P8D and -P1D mean the 1st to the 8th. Another of its examples writes -PT2D."""
    due = datetime(2020, 1, 9, 13, tzinfo=UTC).timestamp()
    given = {"StartTimeOffset": f"{sign}8D", "EndTimeOffset": f"{sign}1D"}
    looked_at = window({"DataAnalysisStartTime": "-PT1H"}, due, given)
    assert (looked_at.start, looked_at.end) == (
        datetime(2020, 1, 1, 13, tzinfo=UTC),
        datetime(2020, 1, 8, 13, tzinfo=UTC),
    )


@pytest.mark.parametrize("config", [{"DataAnalysisStartTime": "yesterday"}, {"DataAnalysisEndTime": "-PT2H"}])
def test_a_window_that_cannot_be_is_refused(config: dict[str, str]) -> None:
    with pytest.raises(AwsError):
        window(config, TEN)


def test_the_job_is_told_where_everything_is() -> None:
    occasion = _occasion(dataset_format="own", sagemaker_endpoint_name="somebody else's")
    folders = capture_folders("s3://b/capture", "e", ["v"], occasion.window)
    request = job_request(occasion, folders)
    inputs = {one["InputName"]: one["S3Input"]["LocalPath"] for one in request["ProcessingInputs"]}
    assert inputs == {
        "endpoint_input_1": "/opt/ml/processing/input/e/v/2026/11/24/09",
        "baseline": "/opt/ml/processing/baseline/stats",
    }
    environment = request["Environment"]
    assert environment["dataset_format"] == "own"
    assert environment["sagemaker_endpoint_name"] == "e"
    assert environment["baseline_statistics"] == "/opt/ml/processing/baseline/stats/statistics.json"
    assert environment["start_time"] == "2026-11-24T09:00:00Z"
    output = request["ProcessingOutputConfig"]
    assert output["KmsKeyId"] == "key"
    assert output["Outputs"][0]["S3Output"]["S3Uri"] == "s3://b/out/e/s/2026/11/24/10"


def test_the_same_execution_has_the_same_job() -> None:
    names = {job_request(_occasion(at), [])["ProcessingJobName"] for at in (TEN, TEN, TEN + HOUR)}
    assert len(names) == 2
    assert all(name.startswith("model-monitoring-20261124") for name in names)
