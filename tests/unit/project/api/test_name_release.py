"""A release has a name that nothing else has, and what production has already gets no other one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from check import CheckError
from name_release import Deployment, Release, name_release, next_release, release_name

from tests.aws.clients import scripted

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
JOB = "mls-flights-1624a1d1-3699-43f0-8e1e-6bafd7fde791"
LONGEST = "p" * 10 + "-" + "m" * 10 + "-1624a1d1-3699-43f0-8e1e-6bafd7fde791"


def training(run: str) -> str:
    return f"arn:aws:states:eu-central-1:123456789012:execution:mls-demo:mls-flights-{run}"


class History:
    """Deployments of production, one after the other."""

    def __init__(self) -> None:
        self.deployments: list[Deployment] = []

    def deploys(self, run: str, status: str = "Succeeded") -> Release:
        """The name that the run gets, and how it went."""
        release = next_release(self.deployments, training(run))
        began = START + timedelta(hours=len(self.deployments))
        self.deployments.insert(0, Deployment(training(run), release, status, began))
        return release


def test_a_run_that_is_deployed_first_is_named_after_its_job_and_goes_forward() -> None:
    history = History()
    assert history.deploys("a") == Release("mls-flights-a-prd", goes_back=False)
    assert history.deploys("b") == Release("mls-flights-b-prd", goes_back=False)


def test_going_back_from_a_version_that_was_deployed_is_a_release_of_its_own() -> None:
    history = History()
    history.deploys("a")
    history.deploys("b")
    assert history.deploys("a") == Release("mls-flights-a-r2-prd", goes_back=True)
    history.deploys("c")
    assert history.deploys("a") == Release("mls-flights-a-r3-prd", goes_back=True)


def test_what_cloudformation_has_taken_back_already_changes_nothing() -> None:
    history = History()
    history.deploys("a")
    history.deploys("b", "Failed")
    assert history.deploys("a") == Release("mls-flights-a-prd", goes_back=False)
    history.deploys("c")
    back = history.deploys("a")
    history.deploys("d", "Failed")
    assert history.deploys("a") == back


def test_a_run_that_failed_and_is_tried_again_goes_forward_under_a_new_name() -> None:
    history = History()
    history.deploys("a")
    history.deploys("b", "Failed")
    assert history.deploys("b") == Release("mls-flights-b-r2-prd", goes_back=False)


def test_of_an_abandoned_deployment_nobody_knows_where_it_ended_so_the_name_is_new() -> None:
    history = History()
    history.deploys("a")
    history.deploys("b", "Abandoned")
    assert history.deploys("a") == Release("mls-flights-a-r2-prd", goes_back=True)


def test_the_order_in_which_the_history_comes_does_not_matter() -> None:
    history = History()
    history.deploys("a")
    history.deploys("b")
    assert next_release(reversed(history.deployments), training("a")).name == "mls-flights-a-r2-prd"


@pytest.mark.parametrize("before", [0, 1, 8, 9, 98])
def test_the_longest_name_is_one_that_sagemaker_takes(before: int) -> None:
    assert len(LONGEST) == 58
    name = release_name(LONGEST, before)
    assert len(name) <= 63 and name.endswith("-prd") and name.startswith(LONGEST[:52])
    assert release_name(JOB, 1) == f"{JOB}-r2-prd"


def test_the_history_is_that_of_the_pipeline_and_of_no_other_action() -> None:
    def run(action: str, hours: int, **configuration: str) -> dict[str, Any]:
        started = START + timedelta(hours=hours)
        given = {"resolvedConfiguration": configuration}
        return {"actionName": action, "startTime": started, "status": "Succeeded", "input": given}

    def overrides(job: str) -> str:
        return f'{{"TrainingExecutionArn": "{training(job)}", "ReleaseName": "mls-flights-{job}-prd", "GoesBack": "false"}}'

    runs = [
        run("DeployModelDev", 9, ParameterOverrides=f'{{"TrainingExecutionArn": "{training("a")}"}}'),
        run("VerifyDeployment", 8),
        run("DeployModelPrd", 2, ParameterOverrides=overrides("b")),
        run("DeployModelPrd", 1, ParameterOverrides=overrides("a")),
    ]
    with scripted("codepipeline") as codepipeline:
        codepipeline.answers("list_action_executions", {"actionExecutionDetails": runs}, {"pipelineName": "mls-demo"})
        result = name_release(codepipeline.client, "mls-demo", training("a"))
    assert result.variables == {"Name": "mls-flights-a-r2-prd", "GoesBack": "true"}
    assert result.summary == "mls-flights-a-r2-prd, back to a model that served before"


def test_an_action_without_its_parameter_says_so() -> None:
    with scripted("codepipeline") as codepipeline, pytest.raises(CheckError, match="no execution of the training"):
        name_release(codepipeline.client, "mls-demo", "")
