"""Limits. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

from __future__ import annotations

from mlsystem.engine.decide.states import advance, begin, parse
from mlsystem.engine.decide.states.history import MOST_EVENTS
from mlsystem.engine.decide.states.protocol import Failed, TimerFired
from mlsystem.engine.decide.states.run import MOST_STATES
from tests.unit.engine.decide.states.player import CONTEXT, FUNCTION, Player, jsonata, machine, one

LIMIT = 256 * 1024
BIGGEST = "x" * (LIMIT - 2)


def test_256_kib_pass_and_one_byte_more_does_not() -> None:
    assert Player(one({"Type": "Pass"}), BIGGEST).output == BIGGEST
    played = Player(one({"Type": "Pass"}), BIGGEST + "x")
    assert played.error == "States.DataLimitExceeded"
    assert "'S' returned a result with a size exceeding" in played.cause


def test_sizes_are_counted_in_bytes_of_utf_8() -> None:
    assert Player(one({"Type": "Pass"}), "é" * (LIMIT // 2)).error == "States.DataLimitExceeded"


def test_a_result_that_is_too_large_fails_its_task() -> None:
    played = Player(one({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}))
    played.succeed(BIGGEST + "x")
    assert played.error == "States.DataLimitExceeded"
    assert "The state/task 'lambda' returned" in played.cause
    assert played.types[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_parameters_that_are_too_large_start_nothing() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Parameters": {"a.$": "$", "b.$": "$"}}
    played = Player(one(state), "x" * 200_000)
    assert played.error == "States.DataLimitExceeded"
    assert not played.tasks


def test_a_loop_ends_when_the_history_is_full() -> None:
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"},
    }
    definition = parse(machine(states))
    step = begin(definition, {}, CONTEXT)
    sizes = [len(step.history)]
    while step.outcome is None:
        (due,) = step.due
        step = advance(definition, step.state, TimerFired(due.key, CONTEXT.start_time))
        sizes.append(len(step.history))
    # Each is a transaction of the room, in which nobody else writes; of each state there are an event before and one after it.
    assert max(sizes) <= 2 * MOST_STATES + 1
    assert (sum(sizes), len(sizes)) == (MOST_EVENTS, MOST_EVENTS // (2 * MOST_STATES))
    assert step.history[-1].type == "ExecutionFailed"
    assert isinstance(step.outcome, Failed)
    assert step.outcome.cause == "The execution reached the maximum number of history events (25000)."
    assert step.due == ()


def test_a_full_history_cancels_what_runs() -> None:
    spin = {
        "W": {"Type": "Wait", "Seconds": 1, "Next": "A"},
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"},
    }
    task = {"T": {"Type": "Task", "Resource": FUNCTION, "End": True}}
    branches = [{"StartAt": "T", "States": task}, {"StartAt": "W", "States": spin}]
    definition = parse(one({"Type": "Parallel", "Branches": branches}))
    step = begin(definition, {}, CONTEXT)
    ended = advance(definition, step.state, TimerFired(step.due[0].key, CONTEXT.start_time + 1))
    while ended.outcome is None:
        (due,) = ended.due
        ended = advance(definition, ended.state, TimerFired(due.key, CONTEXT.start_time + 1))
    assert [type(action).__name__ for action in ended.actions] == ["CancelTask"]
    assert ended.due == ()


COUNT = {
    "A": {"Type": "Pass", "Output": "{% {'n': $states.input.n + 1} %}", "Next": "B"},
    "B": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n >= 1000 %}", "Next": "C"}], "Default": "A"},
    "C": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
}


def test_a_long_way_without_a_wait_comes_to_the_same_end_in_several_turns() -> None:
    played = Player({**machine(COUNT), "QueryLanguage": "JSONata"}, {"n": 0})
    turns = 0
    while not played.tasks:
        played.fire("turn")
        turns += 1
    assert turns == 2 * 1000 // MOST_STATES
    assert len(played.visited()) == 2001
    played.succeed("done")
    assert played.output == "done"


def test_many_iterations_take_their_turns_together() -> None:
    state = {"Type": "Map", "ItemProcessor": machine({"I": {"Type": "Pass", "End": True}})}
    items = list(range(3 * MOST_STATES))
    played = Player(one(state), items)
    turns = 0
    while played.outcome is None:
        assert len(played.step.due) == 1
        played.fire("turn")
        turns += 1
    assert (played.output, turns) == (items, 3)


def test_a_branch_that_waits_for_its_turn_is_given_up_with_the_others() -> None:
    spin = machine({**COUNT, "C": {"Type": "Succeed"}})
    work = machine({"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}})
    state = {"Type": "Parallel", "Branches": [work, spin]}
    played = Player({**one(state), "QueryLanguage": "JSONata"}, {"n": 0})
    assert [due.key.partition("-")[0] for due in played.step.due] == ["turn"]
    played.fail("Broken")
    assert isinstance(played.outcome, Failed)
    assert played.step.due == ()
    played.redrive()
    while len(played.step.due):
        played.fire("turn")
    played.succeed("again")
    assert played.output == ["again", {"n": 1000}]


def test_an_expression_may_be_long_but_not_endless() -> None:
    assert Player(jsonata({"Type": "Pass", "Output": "{% " + "+".join(["1"] * 300) + " %}"})).output == 300
