"""EventBridge Scheduler: when targets are called, and with what."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually
from tests.roles import role

OFF = {"Mode": "OFF"}


class Bench:
    """A state machine whose executions are the invocations, and schedules for it."""

    def __init__(self, engine: LiveEngine):
        self.role = role(engine, "start")
        self.sfn, self.scheduler = engine.client("stepfunctions"), engine.client("scheduler")
        self.name = f"bench-{uuid.uuid4().hex[:8]}"
        definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
        created = self.sfn.create_state_machine(name=self.name, definition=definition, roleArn=role(engine, "start"))
        self.machine = created["stateMachineArn"]

    def heard(self) -> list[Any]:
        found = self.sfn.list_executions(stateMachineArn=self.machine)["executions"]
        inputs = [self.sfn.describe_execution(executionArn=one["executionArn"])["input"] for one in found]
        return [json.loads(text) for text in inputs]

    def schedule(self, expression: str, target: dict[str, Any] | None = None, **members: Any) -> str:
        full = {"Arn": self.machine, "RoleArn": self.role, **(target or {})}
        request = {"Name": self.name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF, "Target": full}
        return str(self.scheduler.create_schedule(**request, **members)["ScheduleArn"])


@pytest.fixture
def bench(engine: LiveEngine) -> Bench:
    return Bench(engine)


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=1.5)).strftime("at(%Y-%m-%dT%H:%M:%S)")


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_a_moment_comes_once_and_the_schedule_goes_if_it_should(bench: Bench) -> None:
    given = {"Input": '{"by": "<aws.scheduler.schedule-arn>"}'}
    arn = bench.schedule(_soon(), given, ActionAfterCompletion="DELETE")
    assert eventually(bench.heard) == [{"by": arn}]
    assert _code(lambda: bench.scheduler.get_schedule(Name=bench.name)) == "ResourceNotFoundException"


def test_any_operation_may_be_a_target(bench: Bench) -> None:
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        "Input": json.dumps({"StateMachineArn": bench.machine, "Input": '{"universal": true}'}),
    }
    bench.schedule(_soon(), target)
    assert eventually(bench.heard) == [{"universal": True}]
    assert bench.scheduler.get_schedule(Name=bench.name)["ActionAfterCompletion"] == "NONE"


def test_a_rate_is_scaled(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(time_scale=600)
    live.start()
    bench = Bench(live)
    bench.schedule("rate(5 minutes)")
    first, second, *_ = eventually(lambda: len(bench.heard()) > 1 and bench.heard())
    assert (first["source"], first["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    assert first["id"] != second["id"]


def test_a_disabled_schedule_can_be_changed_listed_and_deleted(bench: Bench) -> None:
    arn = bench.schedule("cron(0 3 ? * MON *)", State="DISABLED", ScheduleExpressionTimezone="Europe/Zurich")
    found = bench.scheduler.get_schedule(Name=bench.name)
    assert (found["Arn"], found["State"], found["ScheduleExpressionTimezone"]) == (arn, "DISABLED", "Europe/Zurich")
    change = {"Name": bench.name, "FlexibleTimeWindow": OFF, "Target": found["Target"]}
    bench.scheduler.update_schedule(ScheduleExpression="rate(1 day)", **change)
    changed = bench.scheduler.get_schedule(Name=bench.name)
    assert (changed["ScheduleExpression"], changed["State"]) == ("rate(1 day)", "ENABLED")
    assert changed["CreationDate"] == found["CreationDate"]
    listed = bench.scheduler.list_schedules(NamePrefix=bench.name)["Schedules"]
    assert [(one["Name"], one["GroupName"]) for one in listed] == [(bench.name, "default")]
    bench.scheduler.delete_schedule(Name=bench.name)
    assert bench.scheduler.list_schedules(NamePrefix=bench.name)["Schedules"] == []


def test_what_is_wrong_is_refused(bench: Bench) -> None:
    assert _code(lambda: bench.schedule("rate(1 minutes)")) == "ValidationException"
    assert _code(lambda: bench.schedule("rate(1 day)", ScheduleExpressionTimezone="Moon/Sea")) == "ValidationException"
    assert _code(lambda: bench.schedule("rate(1 day)", GroupName="mine")) == "ResourceNotFoundException"
    queue = {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}
    assert _code(lambda: bench.schedule("rate(1 day)", queue)) == "NotImplemented"
    bench.schedule("rate(1 day)")
    assert _code(lambda: bench.schedule("rate(1 day)")) == "ConflictException"


def test_a_moment_that_passed_while_the_engine_was_down_is_made_up_for_once(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine()
    live.start()
    bench = Bench(live)
    bench.schedule(_soon())
    live.kill()
    due = datetime.now(UTC) + timedelta(seconds=2)
    eventually(lambda: datetime.now(UTC) > due)
    # What was missed is made up for at once: the engine may die before it says that it is ready.
    live.spawn({"MLSYSTEM_KILL_AT": "scheduler.invoke.after"})
    live.await_death()
    live.start()
    sfn = live.client("stepfunctions")
    # A later one has been carried out: so the repeated one has been too.
    after = Bench(live)
    after.schedule(_soon())
    eventually(after.heard)
    assert len(sfn.list_executions(stateMachineArn=bench.machine)["executions"]) == 1
