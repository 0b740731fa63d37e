"""Step Functions: executions that are redriven, and activities whose work is fetched."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.test_stepfunctions import Machine
from tests.live import LiveEngine, eventually
from tests.stacks import StackUser


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def _activity(engine: LiveEngine) -> str:
    name = f"a-{uuid.uuid4().hex[:8]}"
    return str(engine.client("stepfunctions").create_activity(name=name)["activityArn"])


def _machine(engine: LiveEngine, activity: str, **members: Any) -> Machine:
    """Prepares, then lets the activity work."""
    states = {
        "Prepare": {"Type": "Pass", "Result": 7, "ResultPath": "$.prepared", "Next": "Work"},
        "Work": {"Type": "Task", "Resource": activity, "End": True, **members},
    }
    return Machine(engine, json.dumps({"StartAt": "Prepare", "States": states}))


def _types(machine: Machine, arn: str) -> list[str]:
    pages = machine.sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event["type"] for page in pages for event in page["events"]]


def test_a_worker_fetches_the_work_of_an_activity_and_ends_it(engine: LiveEngine) -> None:
    activity = _activity(engine)
    machine = _machine(engine, activity, HeartbeatSeconds=30)
    arn = machine.start({"x": 1})
    task = machine.sfn.get_activity_task(activityArn=activity, workerName="ana")
    assert json.loads(task["input"]) == {"x": 1, "prepared": 7}
    machine.sfn.send_task_heartbeat(taskToken=task["taskToken"])
    machine.sfn.send_task_success(taskToken=task["taskToken"], output="42")
    assert machine.end(arn)["output"] == "42"
    assert [kind for kind in _types(machine, arn) if kind.startswith("Activity")] == [
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
    ]


def test_a_worker_that_waits_is_given_what_comes(engine: LiveEngine) -> None:
    activity, given = _activity(engine), []
    machine = _machine(engine, activity)

    def work() -> None:
        given.append(machine.sfn.get_activity_task(activityArn=activity))

    worker = threading.Thread(target=work)
    worker.start()
    arn = machine.start()
    worker.join(30)
    machine.sfn.send_task_failure(taskToken=given[0]["taskToken"], error="Tired", cause="late")
    ended = machine.end(arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Tired", "late")


def test_work_that_nobody_waits_for_any_more_is_not_handed_out(engine: LiveEngine) -> None:
    activity = _activity(engine)
    machine = _machine(engine, activity)
    stopped = machine.start({"n": 1})
    eventually(lambda: "ActivityScheduled" in _types(machine, stopped))
    machine.sfn.stop_execution(executionArn=stopped)
    machine.end(stopped)
    wanted = machine.start({"n": 2})
    task = machine.sfn.get_activity_task(activityArn=activity)
    assert json.loads(task["input"])["n"] == 2
    machine.sfn.send_task_success(taskToken=task["taskToken"], output="1")
    assert machine.end(wanted)["status"] == "SUCCEEDED"


def test_activities_are_listed_tagged_and_deleted(engine: LiveEngine) -> None:
    sfn, arns = engine.client("stepfunctions"), [_activity(engine) for _ in range(3)]
    name = arns[0].rsplit(":", 1)[-1]
    assert sfn.create_activity(name=name)["activityArn"] == arns[0]
    pages = sfn.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 2})
    assert set(arns) <= {one["activityArn"] for page in pages for one in page["activities"]}
    sfn.tag_resource(resourceArn=arns[0], tags=[{"key": "team", "value": "a"}])
    assert sfn.list_tags_for_resource(resourceArn=arns[0])["tags"] == [{"key": "team", "value": "a"}]
    assert sfn.describe_activity(activityArn=arns[0])["name"] == name
    for arn in arns:
        sfn.delete_activity(activityArn=arn)
    assert _code(lambda: sfn.describe_activity(activityArn=arns[0])) == "ActivityDoesNotExist"
    assert _code(lambda: sfn.get_activity_task(activityArn=arns[0])) == "ActivityDoesNotExist"
    machine = _machine(engine, arns[0])
    assert "Activity Does Not Exist" in machine.end(machine.start())["cause"]


def test_a_failed_execution_goes_on_where_it_failed(engine: LiveEngine) -> None:
    activity = _activity(engine)
    machine = _machine(engine, activity)
    sfn, arn = machine.sfn, machine.start({"x": 1})
    first = sfn.get_activity_task(activityArn=activity)
    assert _code(lambda: sfn.redrive_execution(executionArn=arn)) == "ExecutionNotRedrivable"
    sfn.send_task_failure(taskToken=first["taskToken"], error="Broken")
    ended = machine.end(arn)
    assert (ended["redriveStatus"], ended["redriveCount"]) == ("REDRIVABLE", 0)
    redriven = sfn.redrive_execution(executionArn=arn, clientToken="once")["redriveDate"]
    assert sfn.redrive_execution(executionArn=arn, clientToken="once")["redriveDate"] == redriven
    again = sfn.get_activity_task(activityArn=activity)
    assert again["taskToken"] != first["taskToken"]
    assert again["input"] == first["input"]
    sfn.send_task_success(taskToken=again["taskToken"], output='"done"')
    ended = machine.end(arn)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", '"done"')
    assert "error" not in ended
    assert (ended["redriveCount"], ended["redriveDate"], ended["redriveStatus"]) == (1, redriven, "NOT_REDRIVABLE")
    types = _types(machine, arn)
    assert (types.count("PassStateEntered"), types.count("ExecutionRedriven")) == (1, 1)


def test_executions_are_listed_by_whether_they_were_redriven(engine: LiveEngine) -> None:
    definition = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}})
    machine = Machine(engine, definition)
    arns = [machine.start() for _ in range(3)]
    for arn in arns:
        machine.end(arn)
    machine.sfn.redrive_execution(executionArn=arns[1])
    machine.end(arns[1])

    def listed(**request: Any) -> list[str]:
        pages = machine.sfn.get_paginator("list_executions").paginate(
            stateMachineArn=machine.arn, PaginationConfig={"PageSize": 1}, **request
        )
        return [one["executionArn"] for page in pages for one in page["executions"]]

    assert listed(redriveFilter="REDRIVEN") == [arns[1]]
    assert listed(redriveFilter="NOT_REDRIVEN", statusFilter="FAILED") == [arns[2], arns[0]]


def test_work_waits_for_a_worker_through_a_crash(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    activity = _activity(live)
    machine = _machine(live, activity)
    arn = machine.start({"x": 1})
    eventually(lambda: "ActivityScheduled" in _types(machine, arn))
    live.kill()
    live.start()
    sfn = live.client("stepfunctions")
    task = sfn.get_activity_task(activityArn=activity)
    sfn.send_task_success(taskToken=task["taskToken"], output="1")
    eventually(lambda: sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")


def test_a_stack_makes_an_activity(engine: LiveEngine) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    activity = {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": name}}
    template = {"Resources": {"A": activity}, "Outputs": {"Arn": {"Value": {"Ref": "A"}}}}
    stack = StackUser(engine, name)
    [output] = stack.create(json.dumps(template))["Outputs"]
    assert engine.client("stepfunctions").describe_activity(activityArn=output["OutputValue"])["name"] == name
    stack.delete()
