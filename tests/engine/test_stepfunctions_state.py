"""Step Functions: TestState."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import role

SYNC = "arn:aws:states:::sagemaker:createTrainingJob.sync"


@pytest.fixture
def try_state(engine: LiveEngine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    # boto3 would put `sync-` before the engine's address.
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    sfn = engine.client("stepfunctions", read_timeout=61)

    def test(state: dict[str, Any], given: Any = None, **members: Any) -> dict[str, Any]:
        text = json.dumps({} if given is None else given)
        answer = sfn.test_state(definition=json.dumps(state), roleArn=role(engine, "workflow"), input=text, **members)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    return test


def test_a_state_gives_its_output_and_says_what_follows(try_state: Callable[..., dict[str, Any]]) -> None:
    passing = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": {"n": "{% $states.input.n + 1 %}"},
        "Next": "After",
    }
    assert try_state(passing, {"n": 1}) == {"status": "SUCCEEDED", "output": '{"n":2}', "nextState": "After"}
    choices = [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Large"}]
    choice = {"Type": "Choice", "Choices": choices, "Default": "Small"}
    assert try_state(choice, {"n": 9})["nextState"] == "Large"
    assert try_state(choice, {"n": 1})["nextState"] == "Small"
    assert try_state({"Type": "Fail", "Error": "No", "Cause": "never"}) == {
        "status": "FAILED",
        "error": "No",
        "cause": "never",
    }


def test_a_task_is_done_as_the_role(try_state: Callable[..., dict[str, Any]]) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "End": True}
    told = try_state(task)
    assert told["status"] == "SUCCEEDED"
    assert ":assumed-role/workflow/" in json.loads(told["output"])["Arn"]


def test_a_mock_stands_for_the_work(try_state: Callable[..., dict[str, Any]]) -> None:
    task: dict[str, Any] = {"Type": "Task", "Resource": SYNC, "Parameters": {}, "ResultPath": "$.job", "Next": "Then"}
    told = try_state(task, {"a": 1}, mock={"result": '{"done": true}'})
    assert told == {"status": "SUCCEEDED", "output": '{"a":1,"job":{"done":true}}', "nextState": "Then"}
    error = {"errorOutput": {"error": "Broken", "cause": "why"}}
    assert try_state(task, mock=error) == {"status": "FAILED", "error": "Broken", "cause": "why"}
    retried = {**task, "Retry": [{"ErrorEquals": ["Broken"]}]}
    assert try_state(retried, mock=error)["status"] == "RETRIABLE"
    caught = {**task, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Rescue"}]}
    told = try_state(caught, mock=error)
    assert (told["status"], told["error"], told["nextState"]) == ("CAUGHT_ERROR", "Broken", "Rescue")


def test_a_state_of_a_machine_is_found_by_its_name(try_state: Callable[..., dict[str, Any]]) -> None:
    inner = {"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True}
    machine = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": inner}}
    assert try_state(machine, stateName="B") == {"status": "SUCCEEDED", "output": "2"}


@pytest.mark.parametrize(
    ("state", "members", "code"),
    [
        ({"Type": "Task", "Resource": SYNC, "Parameters": {}, "End": True}, {}, "ValidationException"),
        ({"Type": "Pass", "End": True}, {"mock": {"result": "1"}}, "ValidationException"),
        ({"Type": "Wait", "Seconds": 1, "End": True}, {}, "NotImplemented"),
        ({"Type": "Pass"}, {}, "InvalidDefinition"),
        ({"Type": "Pass", "End": True}, {"inspectionLevel": "TRACE"}, "NotImplemented"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    try_state: Callable[..., dict[str, Any]], state: dict[str, Any], members: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        try_state(state, **members)
    assert error.value.response["Error"]["Code"] == code
