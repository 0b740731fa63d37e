"""The Context Object. https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.decide.states.player import CONTEXT, FUNCTION, Player, jsonata, machine, one

QUEUE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def context_of(state: dict[str, Any], input: Any = None) -> Any:
    return Player(one({**state, "Parameters": {"c.$": "$$"}}), input).output["c"]


def test_a_state_sees_its_execution_its_machine_and_itself() -> None:
    expected = {
        "Execution": {
            "Id": CONTEXT.execution_arn,
            "Input": {"a": 1},
            "StartTime": "2023-11-14T22:13:20.250Z",
            "Name": "run-1",
            "RoleArn": CONTEXT.role_arn,
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": CONTEXT.state_machine_arn, "Name": "train"},
        "State": {"Name": "S", "EnteredTime": "2023-11-14T22:13:20.250Z"},
    }
    assert context_of({"Type": "Pass"}, {"a": 1}) == expected
    assert Player(jsonata({"Type": "Pass", "Output": "{% $states.context %}"}), {"a": 1}).output == expected


def test_execution_input_stays_the_executions() -> None:
    states = {
        "A": {"Type": "Pass", "Result": 5, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"i.$": "$$.Execution.Input.a"}, "End": True},
    }
    assert Player(machine(states), {"a": 1}).output == {"i": 1}


def test_entered_time_is_the_time_of_the_event_that_led_there() -> None:
    states = {
        "W": {"Type": "Wait", "Seconds": 60, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime"}, "End": True},
    }
    played = Player(machine(states))
    played.fire()
    assert played.output == {"t": "2023-11-14T22:14:20.250Z"}


def test_a_task_sees_how_often_it_was_tried_again() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Parameters": {"n.$": "$$.State.RetryCount"}}
    assert Player(one(state)).task.parameters == {"n": 0}


@pytest.mark.parametrize(
    "resource",
    [QUEUE, "arn:aws:states:::sagemaker:createTrainingJob.sync", "arn:aws:states:::states:startExecution.sync:2"],
)
def test_tasks_that_wait_see_their_token(resource: str) -> None:
    by_path = {"Type": "Task", "Resource": resource, "Parameters": {"t.$": "$$.Task.Token"}}
    played = Player(one(by_path))
    assert played.task.parameters == {"t": played.task.token}
    by_expression = {"Type": "Task", "Resource": resource, "Arguments": {"t": "{% $states.context.Task.Token %}"}}
    played = Player(jsonata(by_expression))
    assert played.task.parameters == {"t": played.task.token}


def test_other_tasks_see_no_token() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Arguments": "{% $exists($states.context.Task) %}"}
    assert Player(jsonata(state)).task.parameters is False


def test_an_iteration_sees_its_item_and_the_innermost_one_counts() -> None:
    show = {"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item"}, "End": True}
    inner = {"Type": "Map", "ItemProcessor": {"StartAt": "X", "States": {"X": show}}, "End": True}
    outer = {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": inner}}}
    assert Player(one(outer), [["a"], ["b"]]).output == [
        [{"i": {"Index": 0, "Value": "a"}}],
        [{"i": {"Index": 0, "Value": "b"}}],
    ]


def test_paths_into_the_context_object_work_for_input_and_output() -> None:
    assert Player(one({"Type": "Pass", "InputPath": "$$.StateMachine.Name"})).output == "train"
    assert Player(one({"Type": "Pass", "OutputPath": "$$.StateMachine.Name"})).output == "train"
