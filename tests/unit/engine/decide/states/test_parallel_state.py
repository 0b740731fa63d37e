"""Parallel states. https://states-language.net/spec.html#parallel-state"""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.states import StartTask
from tests.unit.engine.decide.states.player import FUNCTION, Player, machine

TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def branch(name: str, state: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A flow that begins with the state, or with a task of that name."""
    return {"StartAt": name, "States": {name: state or {**TASK, "Resource": f"{FUNCTION}-{name}"}, **more}}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"P": {"Type": "Parallel", "Branches": list(branches), "End": True, **fields}}


def test_branches_run_at_the_same_time_and_their_outputs_stay_in_order() -> None:
    played = Player(machine(parallel(branch("A"), branch("B"))), [3, 2])
    assert [task.parameters for task in played.tasks] == [[3, 2], [3, 2]]
    played.succeed("b", task=1)
    assert played.outcome is None
    played.succeed({"a": 1})
    assert played.output == [{"a": 1}, "b"]


def test_a_succeed_state_ends_its_branch_only() -> None:
    states = parallel(branch("A", {"Type": "Succeed"}), branch("B"))
    played = Player(machine(states), 1)
    assert played.outcome is None
    played.succeed(2)
    assert played.output == [1, 2]


def test_a_branch_may_have_several_states() -> None:
    first = {"Type": "Pass", "Result": 5, "Next": "T"}
    played = Player(machine(parallel(branch("A", first, T=TASK), branch("B", {"Type": "Pass", "End": True}))), 1)
    assert played.task.parameters == 5
    played.succeed(6)
    assert played.output == [6, 1]


def test_parameters_make_the_input_of_every_branch() -> None:
    states = parallel(branch("A"), branch("B"), InputPath="$.in", Parameters={"x.$": "$.a"})
    played = Player(machine(states), {"in": {"a": 5}})
    assert [task.parameters for task in played.tasks] == [{"x": 5}, {"x": 5}]


def test_arguments_make_the_input_of_every_branch() -> None:
    states = parallel(branch("A"), Arguments={"x": "{% $states.input.a %}"})
    assert Player(machine(states, QueryLanguage="JSONata"), {"a": 5}).task.parameters == {"x": 5}


def test_the_result_of_a_parallel_state_goes_through_selector_path_and_output_path() -> None:
    ends = {"Type": "Pass", "End": True}
    states = parallel(
        branch("A", ends), branch("B", ends), ResultSelector={"both.$": "$[*]"}, ResultPath="$.r", OutputPath="$.r"
    )
    assert Player(machine(states), {"a": 1}).output == {"both": [{"a": 1}, {"a": 1}]}


def test_output_of_a_jsonata_parallel_state_sees_the_result() -> None:
    ends = {"Type": "Pass", "Output": 4, "End": True}
    states = parallel(branch("A", ends), branch("B", ends), Output="{% $sum($states.result) %}")
    assert Player(machine(states, QueryLanguage="JSONata")).output == 8


def test_a_branch_that_fails_fails_the_state_and_stops_the_other_branches() -> None:
    wait = {"Type": "Wait", "Seconds": 9, "End": True}
    played = Player(machine(parallel(branch("A"), branch("B"), branch("C", wait))))
    other = played.tasks[1].token
    played.fail("Broken", "why")
    assert (played.error, played.cause) == ("Broken", "why")
    assert played.cancelled == [other]
    assert played.timers == {}
    assert played.types[-6:] == [
        "LambdaFunctionFailed",
        "TaskStateAborted",
        "TaskStateAborted",
        "WaitStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]


def test_a_fail_state_in_a_branch_fails_the_state() -> None:
    played = Player(machine(parallel(branch("A", {"Type": "Fail", "Error": "E"}), branch("B"))))
    assert played.error == "E"


def test_a_task_is_not_even_started_when_a_branch_fails_at_once() -> None:
    played = Player(machine(parallel(branch("A"), branch("B", {"Type": "Fail", "Error": "E"}))))
    assert played.error == "E"
    assert not [action for action in played.step.actions if isinstance(action, StartTask)]
    assert played.step.actions == ()


def test_a_parallel_state_catches_what_a_branch_does_not() -> None:
    states = parallel(branch("A"), branch("B"), Catch=[{"ErrorEquals": ["Broken"], "ResultPath": "$.e", "Next": "C"}])
    states["C"] = {"Type": "Pass", "End": True}
    played = Player(machine(states), {"a": 1})
    played.fail("Broken", "why")
    assert played.output == {"a": 1, "e": {"Error": "Broken", "Cause": "why"}}


def test_states_branch_failed_names_the_failure_of_a_branch() -> None:
    states = parallel(branch("A"), Catch=[{"ErrorEquals": ["States.BranchFailed"], "Next": "C"}])
    states["C"] = {"Type": "Pass", "End": True}
    played = Player(machine(states))
    played.fail("Broken", "why")
    assert played.output == {"Error": "Broken", "Cause": "why"}


def test_a_parallel_state_is_tried_again_with_all_its_branches() -> None:
    states = parallel(branch("A"), branch("B"), Retry=[{"ErrorEquals": ["Broken"], "MaxAttempts": 1}])
    played = Player(machine(states), 1)
    first = [task.token for task in played.tasks]
    played.fail("Broken")
    assert played.cancelled == first[1:]
    played.fire("retry")
    assert len(played.tasks) == 2 and not {task.token for task in played.tasks} & set(first)
    assert len(played.events("ParallelStateStarted")) == 2
    assert not played.events("ParallelStateFailed")
    played.succeed("a")
    played.succeed("b")
    assert played.output == ["a", "b"]


def test_parallel_states_nest() -> None:
    inner = {"Type": "Parallel", "Branches": [branch("X"), branch("Y")], "End": True}
    played = Player(machine(parallel(branch("A", inner), branch("B"))), 0)
    for name in ("Y", "B", "X"):
        played.succeed(name.lower(), task=played.index(f"{FUNCTION}-{name}"))
    assert played.output == [["x", "y"], "b"]


def test_a_failure_deep_inside_ends_all_around_it() -> None:
    inner = {
        "Type": "Parallel",
        "Branches": [branch("X", {"Type": "Wait", "Seconds": 3, "Next": "F"}, F={"Type": "Fail", "Error": "Deep"})],
        "End": True,
    }
    played = Player(machine(parallel(branch("A", inner), branch("B"))))
    played.fire("wait")
    assert played.error == "Deep"
    assert len(played.cancelled) == 1
    assert played.types[-4:] == ["ParallelStateFailed", "TaskStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_a_nested_state_is_told_as_aborted_from_the_inside_out() -> None:
    inner = {"Type": "Parallel", "Branches": [branch("X")], "End": True}
    played = Player(machine(parallel(branch("A", inner), branch("B"))))
    played.fail("Broken", task=played.index(f"{FUNCTION}-B"))
    aborted = [kind for kind in played.types if kind.endswith("Aborted")]
    assert aborted == ["TaskStateAborted", "TaskStateAborted", "ParallelStateAborted"]


def test_branches_do_not_inherit_the_query_language_of_their_parallel_state() -> None:
    inner = {"Type": "Pass", "Parameters": {"x.$": "$.a"}, "End": True}
    states = parallel(branch("A", inner), QueryLanguage="JSONata", Arguments="{% $states.input %}")
    assert Player(machine(states), {"a": 1}).output == [{"x": 1}]
