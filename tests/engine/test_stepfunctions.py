"""Step Functions: executions, their tasks, and what survives a crash."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.functions import make_function
from tests.images import push_image
from tests.jobs import leftovers, logged
from tests.killpoints import Harness
from tests.live import LiveEngine, eventually
from tests.roles import limited_role, role

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:latest"
PROGRAM = """#!/usr/bin/env python3
import os, sys, time
print("the program runs", flush=True)
if os.environ.get("MODE") == "fail":
    open("/opt/ml/output/message", "w").write("the data has no rows")
    sys.exit(3)
if os.environ.get("MODE") == "wait":
    time.sleep(600)
"""


def _definition(states: Mapping[str, Any], **top: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states, **top})


def _job(name: str, mode: str = "", **members: Any) -> dict[str, Any]:
    """A state that runs a processing job to its end."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {
            "ProcessingJobName": name,
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "/opt/program/work"]},
            "Environment": {"MODE": mode},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "RoleArn": "arn:aws:iam::000000000000:role/workflow",
        },
        **(members or {"End": True}),
    }


class Machine:
    """A state machine of a test's own."""

    def __init__(self, engine: LiveEngine, definition: str, name: str = ""):
        self.sfn = engine.client("stepfunctions")
        self.name = name or f"m-{uuid.uuid4().hex[:8]}"
        created = self.sfn.create_state_machine(name=self.name, definition=definition, roleArn=role(engine, "workflow"))
        self.arn = created["stateMachineArn"]

    def start(self, value: Any = None, **members: Any) -> str:
        text = json.dumps({} if value is None else value)
        return str(self.sfn.start_execution(stateMachineArn=self.arn, input=text, **members)["executionArn"])

    def end(self, arn: str) -> dict[str, Any]:
        def ended() -> Any:
            found = self.sfn.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        return dict(eventually(ended))

    def run(self, value: Any = None) -> dict[str, Any]:
        return self.end(self.start(value))

    def types(self, arn: str) -> list[str]:
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event["type"] for page in pages for event in page["events"]]


@pytest.fixture(scope="module")
def image(engine: LiveEngine) -> None:
    push_image(engine, "steps", {"/opt/program/work": PROGRAM})


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_an_execution_says_what_it_was_given_and_what_came_of_it(engine: LiveEngine) -> None:
    machine = Machine(engine, _definition({"Double": {"Type": "Pass", "Result": {"x": 2}, "End": True}}))
    ended = machine.run({"x": 1})
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"x": 2})
    arn = ended["executionArn"]
    assert machine.types(arn) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    newest = machine.sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)
    assert newest["events"][0]["executionSucceededEventDetails"]["output"] == '{"x":2}'
    assert "nextToken" in newest
    listed = machine.sfn.list_executions(stateMachineArn=machine.arn, statusFilter="SUCCEEDED")["executions"]
    assert [item["executionArn"] for item in listed] == [arn]
    assert machine.sfn.describe_state_machine_for_execution(executionArn=arn)["stateMachineArn"] == machine.arn


def test_a_name_is_one_execution(engine: LiveEngine) -> None:
    machine = Machine(engine, _definition({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}))
    arn = machine.start({"a": 1}, name="once")
    assert machine.start({"a": 1}, name="once") == arn
    assert _code(lambda: machine.start({"a": 2}, name="once")) == "ExecutionAlreadyExists"
    machine.sfn.stop_execution(executionArn=arn, error="Enough", cause="the test is over")
    ended = machine.end(arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "the test is over")
    assert _code(lambda: machine.start({"a": 1}, name="once")) == "ExecutionAlreadyExists"


def test_a_wrong_definition_is_refused_with_its_faults(engine: LiveEngine) -> None:
    sfn = engine.client("stepfunctions")
    wrong = _definition({"Go": {"Type": "Pass", "Next": "Nowhere"}})
    assert _code(lambda: Machine(engine, wrong)) == "InvalidDefinition"
    found = sfn.validate_state_machine_definition(definition=wrong)
    assert found["result"] == "FAIL"
    assert found["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"
    container = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
    assert _code(lambda: Machine(engine, _definition({"Go": container}))) == "InvalidDefinition"
    good = _definition({"Go": {"Type": "Succeed"}})
    assert sfn.validate_state_machine_definition(definition=good)["result"] == "OK"
    express = {"name": "fast", "definition": good, "roleArn": role(engine, "workflow"), "type": "EXPRESS"}
    assert _code(lambda: sfn.create_state_machine(**express)) == "NotImplemented"


def test_an_update_does_not_touch_what_runs(engine: LiveEngine) -> None:
    machine = Machine(engine, _definition({"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}))
    running = machine.start()
    machine.sfn.update_state_machine(stateMachineArn=machine.arn, definition=_definition({"Fail": {"Type": "Fail"}}))
    assert machine.end(running)["status"] == "SUCCEEDED"
    assert machine.run()["status"] == "FAILED"
    machine.sfn.tag_resource(resourceArn=machine.arn, tags=[{"key": "a", "value": "b"}])
    assert machine.sfn.list_tags_for_resource(resourceArn=machine.arn)["tags"] == [{"key": "a", "value": "b"}]
    machine.sfn.delete_state_machine(stateMachineArn=machine.arn)
    assert _code(machine.start) == "StateMachineDoesNotExist"


@pytest.mark.usefixtures("image")
def test_a_job_runs_to_its_end_and_its_description_is_the_output(engine: LiveEngine) -> None:
    name = f"job-{uuid.uuid4().hex[:8]}"
    machine = Machine(engine, _definition({"Job": _job(name)}))
    ended = machine.run()
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert (output["ProcessingJobName"], output["ProcessingJobStatus"]) == (name, "Completed")
    assert isinstance(output["CreationTime"], int)
    assert "TaskSubmitted" in machine.types(ended["executionArn"])


@pytest.mark.usefixtures("image")
def test_a_failed_job_fails_its_task_with_the_description_as_cause(engine: LiveEngine) -> None:
    name = f"job-{uuid.uuid4().hex[:8]}"
    job = _job(name, "fail", End=True, Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Failed"}])
    failed = {"Type": "Pass", "Parameters": {"cause.$": "States.StringToJson($.Cause)"}, "End": True}
    ended = Machine(engine, _definition({"Job": job, "Failed": failed})).run()
    cause = json.loads(ended["output"])["cause"]
    assert cause["ProcessingJobStatus"] == "Failed"
    assert "the data has no rows" in cause["FailureReason"]
    again = Machine(engine, _definition({"Job": _job(name)})).run()
    assert (again["status"], again["error"]) == ("FAILED", "SageMaker.ResourceInUseException")


@pytest.mark.usefixtures("image")
def test_a_stopped_execution_stops_its_job(engine: LiveEngine) -> None:
    name = f"job-{uuid.uuid4().hex[:8]}"
    machine, sagemaker = Machine(engine, _definition({"Job": _job(name, "wait")})), engine.client("sagemaker")
    arn = machine.start()
    eventually(lambda: "TaskSubmitted" in machine.types(arn))
    machine.sfn.stop_execution(executionArn=arn)
    assert machine.end(arn)["status"] == "ABORTED"
    status = "ProcessingJobStatus"
    eventually(lambda: sagemaker.describe_processing_job(ProcessingJobName=name)[status] == "Stopped")


def test_an_execution_inside_an_execution_gives_its_output(engine: LiveEngine) -> None:
    inner = Machine(engine, _definition({"Add": {"Type": "Pass", "Result": {"made": "inside"}, "End": True}}))

    def outer(pattern: str) -> dict[str, Any]:
        state = {
            "Type": "Task",
            "Resource": f"arn:aws:states:::states:startExecution{pattern}",
            "Parameters": {"StateMachineArn": inner.arn, "Input": {"a": 1}},
            "End": True,
        }
        return dict(json.loads(Machine(engine, _definition({"Inner": state})).run()["output"]))

    assert outer(".sync:2")["Output"] == {"made": "inside"}
    assert outer(".sync")["Output"] == '{"made":"inside"}'.replace(":", ": ")
    assert "Output" not in outer("")


def test_any_operation_may_be_called_by_its_name(engine: LiveEngine) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:describeStateMachine",
        "Parameters": {"StateMachineArn.$": "$.arn"},
        "End": True,
    }
    machine = Machine(engine, _definition({"Describe": state}))
    assert json.loads(machine.run({"arn": machine.arn})["output"])["Name"] == machine.name
    failed = machine.run({"arn": f"{machine.arn}-none"})
    assert failed["error"] == "Sfn.StateMachineDoesNotExistException"


def test_a_token_is_answered_once(engine: LiveEngine) -> None:
    inner = Machine(engine, _definition({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}))
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
        "Parameters": {"StateMachineArn": inner.arn, "Input": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": 300,
        "End": True,
    }
    machine = Machine(engine, _definition({"Ask": state}))
    arn = machine.start()

    def given() -> Any:
        return machine.sfn.list_executions(stateMachineArn=inner.arn)["executions"]

    asked = eventually(given)[0]["executionArn"]
    token = json.loads(machine.sfn.describe_execution(executionArn=asked)["input"])["token"]
    machine.sfn.send_task_heartbeat(taskToken=token)
    machine.sfn.send_task_success(taskToken=token, output='{"answer": 42}')
    assert json.loads(machine.end(arn)["output"]) == {"answer": 42}
    again = {"taskToken": token, "error": "Late", "cause": "too late"}
    assert _code(lambda: machine.sfn.send_task_failure(**again)) == "TaskTimedOut"
    assert _code(lambda: machine.sfn.send_task_success(taskToken="none", output="{}")) == "InvalidToken"
    machine.sfn.stop_execution(executionArn=asked)


def _invoke(function: str, **members: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        **(members or {"End": True}),
    }


def test_a_function_gives_its_payload_and_fails_by_the_name_of_its_exception(engine: LiveEngine) -> None:
    name = f"steps-{uuid.uuid4().hex[:8]}"
    source = (
        "class NoRows(Exception): pass\n"
        "def handler(event, context):\n"
        "    if 'rows' not in event: raise NoRows('there are no rows')\n"
        "    return {'doubled': event['rows'] * 2}\n"
    )
    function = make_function(engine, name, source)
    caught = {"ErrorEquals": ["NoRows"], "ResultPath": "$.error", "Next": "Caught"}
    states = {
        "Call": _invoke(function, Catch=[caught], Next="Plain"),
        "Plain": {"Type": "Task", "Resource": function, "InputPath": "$.Payload", "End": True, "Retry": []},
        "Caught": {"Type": "Pass", "Parameters": {"cause.$": "States.StringToJson($.error.Cause)"}, "End": True},
    }
    machine = Machine(engine, _definition(states))
    failed = machine.run({"rows": 2})
    assert (failed["status"], failed["error"]) == ("FAILED", "NoRows")
    assert "LambdaFunctionFailed" in machine.types(failed["executionArn"])
    cause = json.loads(machine.run({})["output"])["cause"]
    assert (cause["errorType"], cause["errorMessage"]) == ("NoRows", "there are no rows")
    missing = Machine(engine, _definition({"Call": _invoke(f"{name}-none")})).run({})
    assert missing["error"] == "Lambda.ResourceNotFoundException"
    ended = Machine(engine, _definition({"Call": _invoke(name)})).run({"rows": 4})
    assert json.loads(ended["output"])["Payload"] == {"doubled": 8}


def test_a_function_may_answer_with_its_token_later(engine: LiveEngine) -> None:
    source = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    output = json.dumps({'said': event['what']})\n"
        "    boto3.client('stepfunctions').send_task_success(taskToken=event['token'], output=output)\n"
    )
    function = make_function(engine, f"tokens-{uuid.uuid4().hex[:8]}", source, Timeout=60)
    state = _invoke(function)
    state["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    state["Parameters"]["Payload"] = {"token.$": "$$.Task.Token", "what.$": "$.what"}
    del state["Parameters"]["Payload.$"]
    ended = Machine(engine, _definition({"Ask": state})).run({"what": "hello"})
    assert json.loads(ended["output"]) == {"said": "hello"}


def test_a_message_may_be_an_object(engine: LiveEngine) -> None:
    topic = engine.client("sns").create_topic(Name=f"steps-{uuid.uuid4().hex[:8]}")["TopicArn"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message": {"x": 1}},
        "End": True,
    }
    assert "MessageId" in json.loads(Machine(engine, _definition({"Tell": state})).run()["output"])
    state["Parameters"] = {"TopicArn": f"{topic}-none", "Message": "m"}
    assert Machine(engine, _definition({"Tell": state})).run()["error"] == "SNS.NotFoundException"


class RunOnce:
    """An execution whose task is a job."""

    essential: tuple[str, ...] = (
        "stepfunctions.execution.RUNNING.after_commit",
        # The job is made, but its task does not know it yet.
        "sagemaker.processing_job.InProgress.after_commit",
        "stepfunctions.start_task.after",
        "notice:stepfunctions.Tasks:sagemaker.processing_job.ended.before",
        "stepfunctions.execution.SUCCEEDED.before_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        push_image(live, "steps", {"/opt/program/work": PROGRAM})
        Machine(live, _definition({"Job": _job("once")}), "once")

    def act(self, live: LiveEngine) -> None:
        try:
            Machine(live, _definition({"Job": _job("once")}), "once").start(name="once")
        except ClientError as error:
            # It has come to its end already.
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise

    def settle(self, live: LiveEngine) -> None:
        sfn = live.client("stepfunctions")
        machine = sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        listed = {"stateMachineArn": machine}
        eventually(lambda: sfn.list_executions(**listed, statusFilter="RUNNING")["executions"] == [])
        live.eventually(lambda: leftovers(live.folder) == [])

    def check(self, live: LiveEngine) -> None:
        machine = Machine(live, _definition({"Job": _job("once")}), "once")
        found = machine.sfn.list_executions(stateMachineArn=machine.arn)["executions"]
        assert [(item["name"], item["status"]) for item in found] == [("once", "SUCCEEDED")]
        types = machine.types(found[0]["executionArn"])
        assert [types.count(f"Task{what}") for what in ("Scheduled", "Submitted", "Succeeded")] == [1, 1, 1]
        assert logged(live, "/aws/sagemaker/ProcessingJobs") == ["the program runs"]


def test_an_execution_with_a_job_ends_once_however_often_the_engine_dies(tmp_path: Path) -> None:
    Harness(tmp_path, RunOnce()).visit()


def test_what_was_made_before_a_crash_is_known_to_a_role_that_may_see_nothing(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine()
    live.start()
    push_image(live, "steps", {"/opt/program/work": PROGRAM})
    making = {"Effect": "Allow", "Action": ["sagemaker:CreateModel", "iam:PassRole"], "Resource": "*"}
    parameters = {"ModelName": "once", "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": role(live, "serving")}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createModel",
        "Parameters": parameters,
        "End": True,
    }
    sfn = live.client("stepfunctions")
    machine = sfn.create_state_machine(
        name="saving", definition=_definition({"Save": state}), roleArn=limited_role(live, "saving", making)
    )["stateMachineArn"]
    live.kill()
    live.start({"MLSYSTEM_KILL_AT": "stepfunctions.start_task.after"})
    with suppress(BotoCoreError, ClientError):
        live.client("stepfunctions").start_execution(stateMachineArn=machine, name="once")
    live.await_death()
    live.start()
    sfn = live.client("stepfunctions")
    listed = {"stateMachineArn": machine, "statusFilter": "RUNNING"}
    eventually(lambda: not sfn.list_executions(**listed)["executions"])
    assert [one["status"] for one in sfn.list_executions(stateMachineArn=machine)["executions"]] == ["SUCCEEDED"]
