"""What Lambda's room decides without the world: names, shares, retries, metrics."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, SetTimer
from mlsystem.engine.services.lambda_.async_invocation import AsyncInvocation, AsyncInvocationMachine
from mlsystem.engine.services.lambda_.function import (
    AliasRecord,
    FunctionMachine,
    FunctionRecord,
    State,
    UpdateStatus,
    choose_version,
)
from mlsystem.engine.services.lambda_.metrics import NAMESPACE, function_metrics
from mlsystem.engine.services.lambda_.names import with_qualifier


@pytest.mark.parametrize(
    ("text", "name", "qualifier"),
    [
        ("f", "f", None),
        ("f:live", "f", "live"),
        ("f:$LATEST", "f", "$LATEST"),
        ("000000000000:function:f", "f", None),
        ("arn:aws:lambda:us-east-1:000000000000:function:f:3", "f", "3"),
    ],
)
def test_a_function_has_many_names(text: str, name: str, qualifier: str | None) -> None:
    found = with_qualifier(text)
    assert (found.name, found.qualifier) == (name, qualifier)


def test_two_qualifiers_that_differ_are_refused() -> None:
    with pytest.raises(AwsError, match="does not match"):
        with_qualifier("f:live", "3")


def test_the_shares_of_an_alias_add_up() -> None:
    alias = AliasRecord(key="f:live", parent="f", version="1", weights={"2": 0.1}, revision_id="r")
    assert alias.shares() == [("1", 0.9), ("2", 0.1)]
    assert [choose_version(alias.shares(), draw) for draw in (0.0, 0.89, 0.9, 0.999)] == ["1", "1", "2", "2"]


def _event(**values: object) -> AsyncInvocation:
    return AsyncInvocation.model_validate(
        {"key": "r", "parent": "f", "target": "f", "payload": "", "retries": 2, "expires_at": 100.0} | values
    )


def test_a_failed_event_waits_a_minute_then_two_and_is_given_up() -> None:
    machine, record, waits = AsyncInvocationMachine(), _event(), []
    while True:
        step = machine.advance(record, Event("failed"), 0.0)
        if step.record is None:
            break
        record = step.record
        (timer,) = step.timers
        assert isinstance(timer, SetTimer)
        waits.append(timer.after_seconds)
        again = machine.advance(record, Event("timer"), 0.0)
        assert again.actions[0].key == f"r.{record.failures}"
    assert waits == [60.0, 120.0]


def test_a_refused_event_is_tried_until_it_is_too_old() -> None:
    machine = AsyncInvocationMachine()
    step = machine.advance(_event(refusals=50), Event("refused"), 99.0)
    assert step.record is not None
    assert step.timers == (SetTimer("retry", after_seconds=300.0),)
    assert machine.advance(_event(), Event("refused"), 101.0).record is None


def _function(**values: object) -> FunctionRecord:
    given = {"key": "f", "configuration": {}, "code": {}, "revision_id": "r2", "modified_at": 0.0, **values}
    return FunctionRecord.model_validate(given)


def test_what_was_prepared_for_an_older_revision_changes_nothing() -> None:
    machine, pending = FunctionMachine(), _function(state=State.PENDING)
    assert machine.advance(pending, Event("prepared", {"revision_id": "r1"}), 0.0).record == pending
    done = machine.advance(pending, Event("prepared", {"revision_id": "r2"}), 0.0).record
    assert done is not None
    assert (done.state, done.update_status) == (State.ACTIVE, UpdateStatus.SUCCESSFUL)


def test_code_that_cannot_be_run_fails_the_function_with_the_reason() -> None:
    failed = FunctionMachine().advance(
        _function(state=State.PENDING), Event("action_failed", {"reason": "no such image", "code": "InvalidImage"}), 0.0
    )
    assert failed.record is not None
    assert (failed.record.state, failed.record.reason) == (State.FAILED, "no such image")


def test_requests_are_counted_by_function_alias_and_executed_version() -> None:
    requests = [
        {"t": 10.2, "k": "ok", "r": "f:live", "d": 5.0, "c": 1},
        {"t": 10.9, "k": "error", "r": "f:live", "d": 5.0, "c": 2},
        {"t": 10.9, "k": "throttled", "r": "f:live", "d": 0.0, "c": 2},
    ]
    data = function_metrics("f", "3", requests)[NAMESPACE]
    errors = [datum for datum in data if datum["MetricName"] == "Errors"]
    named = [{item["Name"]: item["Value"] for item in datum["Dimensions"]} for datum in errors]
    assert named == [
        {"FunctionName": "f"},
        {"FunctionName": "f", "Resource": "f:live"},
        {"FunctionName": "f", "Resource": "f:live", "ExecutedVersion": "3"},
    ]
    assert all((datum["Values"], datum["Counts"], datum["Timestamp"]) == ([0, 1], [1, 1], 10.0) for datum in errors)
    throttles = next(datum for datum in data if datum["MetricName"] == "Throttles")
    assert dict(zip(throttles["Values"], throttles["Counts"], strict=True)) == {0: 2, 1: 1}
