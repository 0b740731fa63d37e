"""The history of an execution, as GetExecutionHistory answers.

Names, members and what refers to what were compared with histories of Step Functions; the player checks every event
of every test against the API's model.
"""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.states import ActivityStarted, TaskSubmitted
from mlsystem.engine.decide.states.history import resource_kind
from tests.unit.engine.decide.states.player import FUNCTION, START, Player, machine, one

TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"
ACTIVITY = "arn:aws:states:eu-west-1:111122223333:activity:review"


def links(played: Player) -> list[tuple[int, int, str]]:
    return [(event.id, event.previous_event_id, event.type) for event in played.history]


def details(played: Player, type: str) -> dict[str, Any]:
    found = played.events(type)[0].details
    assert len(found) == 1
    return dict(next(iter(found.values())))


def test_an_event_has_the_shape_of_the_api() -> None:
    response = Player(one({"Type": "Pass"}), {"a": 1}).history[1].response()
    assert response["timestamp"].timestamp() == START
    assert response["timestamp"].utcoffset() is not None
    del response["timestamp"]
    assert response == {
        "type": "PassStateEntered",
        "id": 2,
        "previousEventId": 0,
        "stateEnteredEventDetails": {"name": "S", "input": '{"a":1}', "inputDetails": {"truncated": False}},
    }


def test_execution_started_tells_input_and_role() -> None:
    assert details(Player(one({"Type": "Pass"}), [1]), "ExecutionStarted") == {
        "input": "[1]",
        "inputDetails": {"truncated": False},
        "roleArn": "arn:aws:iam::111122223333:role/train",
    }


def test_each_event_refers_to_the_one_that_led_to_it() -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}
    assert links(Player(machine(states))) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "PassStateEntered"),
        (3, 2, "PassStateExited"),
        (4, 3, "SucceedStateEntered"),
        (5, 4, "SucceedStateExited"),
        (6, 5, "ExecutionSucceeded"),
    ]


def test_texts_in_the_history_are_compact_and_not_escaped() -> None:
    assert details(Player(one({"Type": "Pass"}), {"ä": [1, 2]}), "ExecutionSucceeded")["output"] == '{"ä":[1,2]}'


def test_a_service_task_is_scheduled_started_submitted_and_succeeded() -> None:
    state = {
        "Type": "Task",
        "Resource": TRAIN,
        "TimeoutSeconds": 60,
        "HeartbeatSeconds": 5,
        "Credentials": {"RoleArn": "r"},
    }
    played = Player(one(state), {"Name": "j"})
    played.send(TaskSubmitted(played.task.token, {"Arn": "x"}, played.tick()))
    played.succeed({"Status": "Completed"})
    assert links(played)[2:7] == [
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskSubmitted"),
        (6, 5, "TaskSucceeded"),
        (7, 6, "TaskStateExited"),
    ]
    names = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync"}
    assert details(played, "TaskScheduled") == {
        **names,
        "region": "eu-west-1",
        "parameters": '{"Name":"j"}',
        "timeoutInSeconds": 60,
        "heartbeatInSeconds": 5,
        "taskCredentials": {"roleArn": "r"},
    }
    assert details(played, "TaskStarted") == names
    output = {"output": '{"Arn":"x"}', "outputDetails": {"truncated": False}}
    assert details(played, "TaskSubmitted") == {**names, **output}
    assert details(played, "TaskSucceeded")["output"] == '{"Status":"Completed"}'


def test_a_failed_service_task_tells_error_and_cause() -> None:
    played = Player(one({"Type": "Task", "Resource": TRAIN}))
    played.fail("SageMaker.Bad", "why")
    assert details(played, "TaskFailed") == {
        "resourceType": "sagemaker",
        "resource": "createTrainingJob.sync",
        "error": "SageMaker.Bad",
        "cause": "why",
    }
    assert details(played, "ExecutionFailed") == {"error": "SageMaker.Bad", "cause": "why"}


def test_a_function_has_events_of_its_own() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 9}), {"a": 1})
    assert details(played, "LambdaFunctionScheduled") == {
        "resource": FUNCTION,
        "input": '{"a":1}',
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 9,
    }
    assert played.types[-1] == "LambdaFunctionStarted"
    played.succeed(1)
    assert details(played, "LambdaFunctionSucceeded") == {"output": "1", "outputDetails": {"truncated": False}}


def test_an_activity_starts_when_a_worker_takes_it() -> None:
    played = Player(one({"Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": 9}), {"a": 1})
    assert played.types[-1] == "ActivityScheduled"
    assert details(played, "ActivityScheduled")["heartbeatInSeconds"] == 9
    played.send(ActivityStarted(played.task.token, played.tick(), "ana"))
    assert details(played, "ActivityStarted") == {"workerName": "ana"}
    played.succeed(1)
    assert "ActivitySucceeded" in played.types


def test_a_function_is_neither_submitted_nor_taken() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION}))
    assert played.send(TaskSubmitted(played.task.token, 1, played.tick())).history == ()
    assert played.send(ActivityStarted(played.task.token, played.tick(), "ana")).history == ()


def test_service_and_action_of_a_resource() -> None:
    cases = {
        TRAIN: ("sagemaker", "createTrainingJob.sync"),
        "arn:aws:states:::lambda:invoke": ("lambda", "invoke"),
        "arn:aws:states:::aws-sdk:sagemaker:createModel": ("aws-sdk:sagemaker", "createModel"),
        "arn:aws:states:::states:startExecution.sync:2": ("states", "startExecution.sync:2"),
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken": ("sqs", "sendMessage.waitForTaskToken"),
    }
    for resource, (service, action) in cases.items():
        kind = resource_kind(resource)
        assert (kind.family, kind.service, kind.action) == ("Task", service, action)


def test_iterations_are_chains_that_begin_at_their_map_state() -> None:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    played = Player(one({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner}), ["a", "b"])
    assert links(played)[1:] == [
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "PassStateEntered"),
        (6, 5, "PassStateExited"),
        (7, 6, "MapIterationSucceeded"),
        (8, 6, "MapIterationStarted"),
        (9, 8, "PassStateEntered"),
        (10, 9, "PassStateExited"),
        (11, 10, "MapIterationSucceeded"),
        (12, 11, "MapStateSucceeded"),
        (13, 11, "MapStateExited"),
        (14, 13, "ExecutionSucceeded"),
    ]
    assert details(played, "MapStateStarted") == {"length": 2}
    assert details(played, "MapIterationStarted") == {"name": "S", "index": 0}


def test_branches_are_chains_that_begin_at_their_parallel_state() -> None:
    branches = [{"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in ("A", "B")]
    played = Player(one({"Type": "Parallel", "Branches": branches}))
    assert links(played)[1:] == [
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
        (4, 3, "PassStateEntered"),
        (5, 4, "PassStateExited"),
        (6, 3, "PassStateEntered"),
        (7, 6, "PassStateExited"),
        (8, 7, "ParallelStateSucceeded"),
        (9, 7, "ParallelStateExited"),
        (10, 9, "ExecutionSucceeded"),
    ]


def test_a_failed_iteration_is_not_part_of_the_chain_of_its_map_state() -> None:
    inner = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}
    played = Player(one({"Type": "Map", "ItemProcessor": inner}), [1])
    assert links(played)[3:] == [
        (4, 3, "MapIterationStarted"),
        (5, 4, "FailStateEntered"),
        (6, 5, "MapIterationFailed"),
        (7, 5, "MapStateFailed"),
        (8, 7, "ExecutionFailed"),
    ]


def test_a_retry_goes_on_from_the_failure_without_entering_the_state_again() -> None:
    state = {"Type": "Task", "Resource": TRAIN, "Retry": [{"ErrorEquals": ["E"]}]}
    played = Player(one(state))
    played.fail("E")
    played.fire("retry")
    assert links(played)[4:] == [(5, 4, "TaskFailed"), (6, 5, "TaskScheduled"), (7, 6, "TaskStarted")]
    assert len(played.events("TaskStateEntered")) == 1


def test_an_evaluation_that_fails_at_once_refers_to_what_led_to_the_state() -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Output": "{% $nope %}", "End": True}}
    played = Player(machine(states, QueryLanguage="JSONata"))
    assert links(played)[3:] == [(4, 3, "PassStateEntered"), (5, 3, "EvaluationFailed"), (6, 5, "ExecutionFailed")]


def test_long_causes_are_cut_to_the_lengths_of_the_api() -> None:
    played = Player(one({"Type": "Task", "Resource": TRAIN}))
    played.fail("E" * 300, "c" * 40_000)
    assert [len(text) for text in details(played, "ExecutionFailed").values()] == [256, 32_768]
