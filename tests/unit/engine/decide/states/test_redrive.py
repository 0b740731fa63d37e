"""Redriven executions: they go on where they were cut off."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.states import Failed, Succeeded, TimedOut, is_redrivable
from mlsystem.engine.decide.states.timestamps import format_timestamp
from tests.unit.engine.decide.states.player import FUNCTION, Player, machine

WORK = {"Type": "Task", "Resource": FUNCTION}


def _branch(name: str, **members: Any) -> dict[str, Any]:
    return machine({name: {**WORK, "End": True, **members}})


def test_only_what_failed_is_run_again() -> None:
    played = Player(machine({"A": {**WORK, "ResultPath": "$.a", "Next": "B"}, "B": {**WORK, "End": True}}), {"x": 1})
    played.succeed("first")
    played.fail("Broken")
    assert isinstance(played.outcome, Failed)
    played.redrive()
    assert played.types[-3:] == ["ExecutionRedriven", "LambdaFunctionScheduled", "LambdaFunctionStarted"]
    assert played.task.parameters == {"x": 1, "a": "first"}
    played.succeed("second")
    assert played.output == "second"
    assert played.visited() == ["A", "B"]


def test_a_success_is_not_redrivable() -> None:
    played = Player(machine({"A": {**WORK, "End": True}}))
    played.succeed(1)
    assert isinstance(played.outcome, Succeeded)
    assert not is_redrivable(played.step.state)


def test_retries_count_anew_and_the_context_says_how_often() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}]
    told = {"count.$": "$$.Execution.RedriveCount"}
    played = Player(machine({"A": {**WORK, "Retry": retry, "Parameters": told, "End": True}}))
    for expected in (0, 1, 2):
        assert played.task.parameters == {"count": expected}
        played.fail()
        played.fire("retry")
        played.fail()
        assert isinstance(played.outcome, Failed)
        played.redrive()
    assert played.events("ExecutionRedriven")[-1].details == {"executionRedrivenEventDetails": {"redriveCount": 3}}


def test_the_context_says_when_it_was_redriven() -> None:
    played = Player(machine({"A": {**WORK, "Parameters": {"at.$": "$$.Execution.RedriveTime"}, "End": True}}))
    assert played.error == "States.Runtime"
    played.redrive()
    assert played.task.parameters == {"at": format_timestamp(played.now)}


def test_branches_that_have_ended_well_are_kept() -> None:
    branches = [_branch("Well"), _branch("Ill"), _branch("Aborted")]
    played = Player(machine({"P": {"Type": "Parallel", "Branches": branches, "End": True}}))
    played.succeed("well", 0)
    played.fail("Broken", task=0)
    assert isinstance(played.outcome, Failed)
    assert played.tasks == []
    played.redrive()
    assert len(played.tasks) == 2
    played.succeed("aborted", 1)
    played.succeed("ill", 0)
    assert played.output == ["well", "ill", "aborted"]


def test_a_branch_that_had_not_begun_begins() -> None:
    ill = machine({"F": {"Type": "Fail", "Error": "No"}})
    late = machine({"One": {"Type": "Pass", "Next": "Two"}, "Two": {**WORK, "End": True}})
    played = Player(machine({"P": {"Type": "Parallel", "Branches": [ill, late], "End": True}}))
    assert played.error == "No"
    played.redrive()
    assert played.error == "No"
    assert played.tasks == []


def test_iterations_inside_of_branches_are_kept_and_the_rest_is_started() -> None:
    loop = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": _branch("Work"), "End": True}
    played = Player(machine({"P": {"Type": "Parallel", "Branches": [machine({"M": loop})], "End": True}}), [1, 2, 3])
    played.succeed("one")
    played.fail()
    played.redrive()
    assert played.task.parameters == 2
    played.succeed("two")
    played.succeed("three")
    assert played.output == [["one", "two", "three"]]


def test_a_parallel_state_that_was_caught_is_not_gone_on_with() -> None:
    inner = {"Type": "Parallel", "Branches": [_branch("Ill"), _branch("Other")], "End": True}
    caught = {**inner, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "After"}]}
    played = Player(machine({"P": caught, "After": {"Type": "Fail", "Error": "After"}}))
    played.fail()
    assert played.error == "After"
    played.redrive()
    assert (played.error, played.tasks) == ("After", [])


def test_a_time_out_of_the_machine_begins_again() -> None:
    played = Player(machine({"A": {**WORK, "End": True}}, TimeoutSeconds=9))
    played.fire("execution")
    assert isinstance(played.outcome, TimedOut)
    played.redrive()
    assert played.timer("execution").after_seconds == 9
    played.succeed(1)
    assert played.output == 1


def test_a_stopped_wait_waits_again() -> None:
    played = Player(machine({"W": {"Type": "Wait", "Seconds": 5, "End": True}}))
    played.stop("Enough")
    played.redrive()
    played.fire("wait")
    assert isinstance(played.outcome, Succeeded)
