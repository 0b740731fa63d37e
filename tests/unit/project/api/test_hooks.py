"""Hooks and the pipeline's check always say how they ended, whatever happened."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from check import CheckError
from lifecycle_hook import run_hook
from pipeline_action import Result, run_action
from time_limit import RESERVE_SECONDS

from tests.aws.clients import scripted

EVENTS = Path(__file__).parent / "events"
HOOK = json.loads((EVENTS / "codedeploy_hook.json").read_text())
JOB_ID = json.loads((EVENTS / "codepipeline_job.json").read_text())["CodePipeline.job"]["id"]


class Remaining:
    """A context of Lambda."""

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


def raising(error: Exception) -> Callable[[], Any]:
    def check() -> Any:
        raise error

    return check


def expected(status: str) -> dict[str, str]:
    return {
        "deploymentId": HOOK["DeploymentId"],
        "lifecycleEventHookExecutionId": HOOK["LifecycleEventHookExecutionId"],
        "status": status,
    }


def test_a_hook_whose_check_passes_says_succeeded() -> None:
    with scripted("codedeploy") as codedeploy:
        codedeploy.answers("put_lifecycle_event_hook_execution_status", {}, expected("Succeeded"))
        assert run_hook(codedeploy.client, HOOK, Remaining(), lambda: None) == "Succeeded"


def test_a_hook_whose_event_has_ended_says_so_and_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with scripted("codedeploy") as codedeploy, caplog.at_level("INFO"):
        codedeploy.fails("put_lifecycle_event_hook_execution_status", "LifecycleEventAlreadyCompletedException")
        assert run_hook(codedeploy.client, HOOK, Remaining(), lambda: None) == "Succeeded"
    assert "Succeeded: this event of the deployment has ended before" in caplog.text


def test_a_hook_whose_check_fails_says_failed_and_logs_why(caplog: pytest.LogCaptureFixture) -> None:
    with scripted("codedeploy") as codedeploy:
        codedeploy.answers("put_lifecycle_event_hook_execution_status", {}, expected("Failed"))
        assert run_hook(codedeploy.client, HOOK, Remaining(), raising(CheckError("answered 500"))) == "Failed"
    assert "answered 500" in caplog.text


def test_a_hook_that_breaks_says_failed_too_and_logs_why(caplog: pytest.LogCaptureFixture) -> None:
    with scripted("codedeploy") as codedeploy:
        codedeploy.answers("put_lifecycle_event_hook_execution_status", {}, expected("Failed"))
        with pytest.raises(KeyError, match="ENDPOINT_NAME"):
            run_hook(codedeploy.client, HOOK, Remaining(), raising(KeyError("ENDPOINT_NAME")))
    assert "its check broke: KeyError: 'ENDPOINT_NAME'" in caplog.text


def test_a_hook_whose_time_is_up_says_failed_while_it_can(caplog: pytest.LogCaptureFixture) -> None:
    def hang() -> None:
        while True:
            try:
                time.sleep(10)
            except Exception:  # noqa: BLE001 - as a client may that tries again, whatever happens
                continue

    with scripted("codedeploy") as codedeploy:
        codedeploy.answers("put_lifecycle_event_hook_execution_status", {}, expected("Failed"))
        assert run_hook(codedeploy.client, HOOK, Remaining(RESERVE_SECONDS + 0.05), hang) == "Failed"
    assert "the check had not ended" in caplog.text


def test_an_action_whose_check_passes_says_what_it_found() -> None:
    with scripted("codepipeline") as codepipeline:
        told = {"executionDetails": {"summary": "x" * 2048}, "outputVariables": {"Name": "v"}}
        codepipeline.answers("put_job_success_result", {}, {"jobId": JOB_ID, **told})
        assert run_action(codepipeline.client, JOB_ID, lambda: Result("x" * 3000, {"Name": "v"}))


def test_an_action_whose_check_fails_says_why() -> None:
    details = {"type": "JobFailed", "message": "CheckError: answered 500"}
    with scripted("codepipeline") as codepipeline:
        codepipeline.answers("put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": details})
        assert not run_action(codepipeline.client, JOB_ID, raising(CheckError("answered 500")))


def test_an_action_that_breaks_fails_and_does_not_hang_the_pipeline() -> None:
    details = {"type": "JobFailed", "message": "ValueError: " + "x" * 4988}
    with scripted("codepipeline") as codepipeline:
        codepipeline.answers("put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": details})
        with pytest.raises(ValueError, match="x"):
            run_action(codepipeline.client, JOB_ID, raising(ValueError("x" * 6000)))
