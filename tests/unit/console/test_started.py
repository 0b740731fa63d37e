"""From an action a person comes to what it started."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.client.pipeline import ActionView
from mlsystem.client.workflow_visits import StateVisit
from mlsystem.console.started import links
from mlsystem.console.state_view import job, pretty
from tests.unit.client.test_workflow_visits import AT

STATES = "arn:aws:states:us-east-1:123456789012:execution:mls-demo:run-1"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        (
            {"provider": "CodeBuild", "external_id": "demo-build:42"},
            "/logs/lines?group=%2Faws%2Fcodebuild%2Fdemo-build&stream=42",
        ),
        ({"provider": "StepFunctions", "external_id": STATES}, "/workflow?execution=run-1"),
        (
            {"provider": "Lambda", "configuration": {"FunctionName": "tell"}},
            "/logs/lines?group=%2Faws%2Flambda%2Ftell",
        ),
        ({"provider": "CloudFormation", "configuration": {"StackName": "mls-demo-deploy-prd"}}, "/rollout"),
        ({"provider": "Manual"}, "/approval"),
    ],
)
def test_an_action_leads_to_what_it_started(members: dict[str, Any], path: str) -> None:
    assert [link.path for link in links(ActionView("a", "Succeeded", **members))] == [path]


def test_what_has_started_nothing_leads_nowhere() -> None:
    assert links(ActionView("a", "-", provider="CodeBuild")) == []
    assert links(ActionView("a", "Succeeded", provider="S3")) == []


def test_a_state_leads_to_the_log_of_its_job_or_function() -> None:
    training = StateVisit(
        "Train", "Task", AT, resource="sagemaker:createTrainingJob.sync", arguments='{"TrainingJobName": "run-1"}'
    )
    function = StateVisit(
        "Ask",
        "Task",
        AT,
        resource="lambda:invoke",
        arguments='{"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:ask:live"}',
    )
    found = job(training)
    assert found is not None
    assert (found.name, found.log) == ("run-1", "/logs/lines?group=%2Faws%2Fsagemaker%2FTrainingJobs&stream=run-1%2F")
    other = job(function)
    assert other is not None
    assert other.log == "/logs/lines?group=%2Faws%2Flambda%2Fask"
    assert job(StateVisit("Wait", "Wait", AT)) is None


def test_a_value_that_is_too_long_is_cut_and_says_so() -> None:
    assert pretty('{"a": 1}') == '{\n  "a": 1\n}'
    assert pretty("no json") == "no json"
    assert pretty("x" * 20_010).endswith("… 10 characters more")
