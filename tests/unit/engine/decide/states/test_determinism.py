"""What holds for any machine and any course of events.

The same events give the same steps; the state survives JSON between any two of them; events that are repeated, late
or nobody's change nothing; whatever was started is ended. The player checks the first two at every step of every
test; here machines and events are drawn.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsystem.engine.decide.states import StartTask, TaskFailed, TaskSucceeded, TimerFired, advance, begin, parse
from tests.unit.engine.decide.states.player import CONTEXT, FUNCTION, Player, machine

RETRY = [{"ErrorEquals": ["A"], "MaxAttempts": 1, "JitterStrategy": "FULL"}]


def _name(names: list[int]) -> str:
    names.append(1)
    return f"S{len(names)}"


def _work(draw: st.DrawFn, depth: int, names: list[int]) -> dict[str, Any]:
    kinds = ["Pass", "Task", "Wait", "Fail"] + (["Parallel", "Map"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    match kind:
        case "Pass":
            return {"Type": "Pass", "Assign": {f"v{len(names)}": "{% $uuid() %}"}, "Output": "{% [1, $random()] %}"}
        case "Task":
            limits = draw(st.sampled_from([{}, {"TimeoutSeconds": 60}, {"TimeoutSeconds": 60, "HeartbeatSeconds": 5}]))
            return {"Type": "Task", "Resource": FUNCTION, **limits}
        case "Wait":
            return {"Type": "Wait", "Seconds": draw(st.integers(0, 2))}
        case "Fail":
            return {"Type": "Fail", "Error": draw(st.sampled_from(["A", "B"]))}
        case "Parallel":
            count = draw(st.integers(1, 3))
            return {"Type": "Parallel", "Branches": [_flow(draw, depth - 1, names) for _ in range(count)]}
    bounds = draw(st.sampled_from([{}, {"MaxConcurrency": 1}, {"ToleratedFailureCount": 1}]))
    return {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": _flow(draw, depth - 1, names), **bounds}


def _flow(draw: st.DrawFn, depth: int, names: list[int]) -> dict[str, Any]:
    """Some states in a row; those that may fail perhaps retry, and perhaps go on to the end when they fail."""
    chain = [_work(draw, depth, names) for _ in range(draw(st.integers(1, 3)))]
    last = _name(names)
    states: dict[str, Any] = {}
    labels = [_name(names) for _ in chain]
    for place, (label, state) in enumerate(zip(labels, chain, strict=True)):
        if state["Type"] in ("Task", "Parallel", "Map"):
            retry = {"Retry": RETRY} if draw(st.booleans()) else {}
            catch = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": last}]} if draw(st.booleans()) else {}
            state.update(retry | catch)
        ending = {} if state["Type"] == "Fail" else {"Next": labels[place + 1] if place + 1 < len(labels) else last}
        states[label] = {**state, **ending}
        if state["Type"] == "Fail":
            break
    reached = any(last in json.dumps(state) for state in states.values())
    return {"StartAt": labels[0], "States": {**states, **({last: {"Type": "Succeed"}} if reached else {})}}


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", **_flow(draw, 2, [])}


MOVES = st.lists(
    st.tuples(st.sampled_from(["succeed", "fail A", "fail B", "heartbeat", "timer", "timer"]), st.integers(0, 5)),
    max_size=40,
)


def _move(played: Player, move: str, which: int) -> None:
    if move == "timer":
        if played.timers:
            played.fire(list(played.timers)[which % len(played.timers)])
    elif played.tasks:
        task = which % len(played.tasks)
        if move == "succeed":
            played.succeed({"n": which}, task=task)
        elif move == "heartbeat":
            played.heartbeat(task)
        else:
            played.fail(move[-1], None, task=task)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(definitions(), MOVES)
def test_any_course_of_events_keeps_the_books(definition: dict[str, Any], moves: list[tuple[str, int]]) -> None:
    played = Player(definition)
    for move, which in moves:
        gone = [task.token for task in played.tasks]
        _move(played, move, which)
        known = set(gone) - {task.token for task in played.tasks}
        for token in known:
            late = played.send(TaskSucceeded(token, "late", played.now))
            assert (late.actions, late.history, late.outcome) == ((), (), None)
    assert {task.token for task in played.tasks} == set(played.step.state["tokens"])
    if played.outcome is not None:
        assert not played.tasks and not played.timers
    else:
        assert played.tasks or played.timers, "an execution that is not over waits for something"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(definitions(), MOVES)
def test_two_rooms_that_see_the_same_events_decide_the_same(
    definition: dict[str, Any], moves: list[tuple[str, int]]
) -> None:
    first, second = Player(definition), Player(definition)
    for move, which in moves:
        _move(first, move, which)
        _move(second, move, which)
        assert first.step == second.step
    assert first.history == second.history


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(definitions())
def test_every_execution_ends_if_all_goes_well(definition: dict[str, Any]) -> None:
    played = Player(definition)
    for _ in range(500):
        if played.outcome is not None:
            return
        _move(played, "succeed" if played.tasks else "timer", 0)
    raise AssertionError("it did not end")


def test_repeating_a_step_after_a_crash_asks_for_the_same() -> None:
    states = {
        "A": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 9, "Next": "B"},
        "B": {"Type": "Task", "Resource": FUNCTION, "Arguments": "{% $uuid() %}", "End": True},
    }
    definition = parse(machine(states, QueryLanguage="JSONata"))
    before = begin(definition, {}, CONTEXT)
    (task,) = (action for action in before.actions if isinstance(action, StartTask))
    event = TaskSucceeded(task.token, 1, CONTEXT.start_time + 5)
    stored = json.dumps(before.state)
    once, again = (advance(definition, json.loads(stored), event) for _ in range(2))
    assert once == again


def test_executions_with_other_names_draw_other_tokens() -> None:
    definition = parse(machine({"A": {"Type": "Task", "Resource": FUNCTION, "End": True}}))
    other = replace(CONTEXT, execution_arn=CONTEXT.execution_arn + "2")
    tokens = [token for context in (CONTEXT, other) for token in begin(definition, {}, context).state["tokens"]]
    assert len(set(tokens)) == 2


def test_the_state_carries_its_version() -> None:
    definition = parse(machine({"A": {"Type": "Wait", "Seconds": 5, "End": True}}))
    assert begin(definition, {}, CONTEXT).state["version"] == 1


def test_an_event_of_the_past_is_decided_with_its_own_time() -> None:
    played = Player(machine({"A": {"Type": "Wait", "Seconds": 5, "End": True}}))
    step = advance(played.machine, played.step.state, TimerFired(played.timer().key, 5.0))
    assert {event.at for event in step.history} == {5.0}
    late = advance(played.machine, step.state, TaskFailed("x", None, None, 6.0))
    assert late.history == ()
