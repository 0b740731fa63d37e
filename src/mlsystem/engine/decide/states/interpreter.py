"""The interpreter of the Amazon States Language: `begin` an execution, `advance` it by one event.

Pure: what comes out depends on nothing but what goes in. The room persists the state that a step gives, in one
transaction with its actions and history, and sends each event once or more often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlsystem.engine.decide.states import branching, faults, simple_states, task_state
from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.execution import Execution, Strand, Timer
from mlsystem.engine.decide.states.faults import StateFailure
from mlsystem.engine.decide.states.history import MOST_EVENTS, data
from mlsystem.engine.decide.states.machine import State, StateMachine, StateType
from mlsystem.engine.decide.states.protocol import (
    Aborted,
    ActivityStarted,
    Context,
    Event,
    Step,
    Stop,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimedOut,
    TimerFired,
)
from mlsystem.engine.decide.states.run import ROOT, HistoryFull, Run
from mlsystem.engine.decide.states.transitions import end, enter_later, fail, give_up

_WORK: Mapping[StateType, Callable[[Run, str, State], None]] = {
    StateType.PASS: simple_states.work_pass,
    StateType.TASK: task_state.work_task,
    StateType.CHOICE: simple_states.work_choice,
    StateType.WAIT: simple_states.work_wait,
    StateType.SUCCEED: simple_states.work_succeed,
    StateType.FAIL: simple_states.work_fail,
    StateType.PARALLEL: branching.work_parallel,
    StateType.MAP: branching.work_map,
}


class _Behaviour:
    """Ties the state types to the books of a run."""

    def work(self, run: Run, key: str) -> None:
        state = run.state_of(key)
        try:
            _WORK[state.type](run, key, state)
        except StateFailure as failure:
            fail(run, key, failure)

    def gather(self, run: Run, key: str, output: Json) -> None:
        branching.gather(run, key, output)

    def gather_failure(self, run: Run, key: str, failure: StateFailure) -> None:
        branching.gather_failure(run, key, failure)


_BEHAVIOUR = _Behaviour()


def begin(machine: StateMachine, input: Json, context: Context) -> Step:
    """Start an execution at `context.start_time`."""
    execution = Execution(
        arn=context.execution_arn,
        name=context.name,
        role_arn=context.role_arn,
        start_time=context.start_time,
        state_machine_arn=context.state_machine_arn,
        state_machine_name=context.state_machine_name,
        input=input,
        strands={ROOT: Strand()},
    )
    run = Run(machine, execution, context.start_time, _BEHAVIOUR)
    started = {**data("input", input), "roleArn": context.role_arn}
    run.record("ExecutionStarted", {"executionStartedEventDetails": started}, 0)
    if machine.timeout_seconds is not None:
        run.set_timer(Timer(purpose="execution", after_seconds=machine.timeout_seconds))
    enter_later(run, ROOT, machine.flow.start_at, input)
    return _settled(run)


def advance(machine: StateMachine, state: Mapping[str, Json], event: Event) -> Step:
    """What the event leads to. One that fits nothing (late, repeated, for an ended execution) changes nothing."""
    run = Run(machine, Execution.model_validate(state), event.at, _BEHAVIOUR)
    if not run.execution.has_ended:
        run.later(lambda: _take(run, event))
    return _settled(run)


def is_redrivable(state: Mapping[str, Json]) -> bool:
    """Whether an execution was cut off, and its history has room for what comes."""
    execution = Execution.model_validate(state)
    return bool(execution.interrupted) and execution.last_event < MOST_EVENTS - 1


def redrive(machine: StateMachine, state: Mapping[str, Json], at: float) -> Step:
    """Go on with an execution that was cut off, from the states that it was in, whose retries count anew.

    Branches and iterations that have ended well are not run again.
    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    execution = Execution.model_validate(state)
    execution.strands, execution.interrupted = execution.interrupted, {}
    execution.has_ended, execution.redriven_at = False, at
    execution.redrive_count += 1
    run = Run(machine, execution, at, _BEHAVIOUR)
    details = {"executionRedrivenEventDetails": {"redriveCount": execution.redrive_count}}
    event = run.record_last("ExecutionRedriven", details, execution.last_event)
    if machine.timeout_seconds is not None:
        run.set_timer(Timer(purpose="execution", after_seconds=machine.timeout_seconds))
    for key in list(execution.strands):
        run.strand(key).previous_event = event
        _resume(run, key)
    return _settled(run)


def _resume(run: Run, key: str) -> None:
    strand = run.strand(key)
    if strand.entering is not None:
        _enter(run, key)
    elif strand.visit is not None:
        strand.visit.attempts, strand.visit.retry_count = {}, 0
        if not run.children(key):
            strand.visit.gathering = None
            run.later(lambda: run.behaviour.work(run, key) if run.has(key) else None)


def _enter(run: Run, key: str) -> None:
    """The state that the strand was about to enter."""
    strand = run.strand(key)
    assert strand.entering is not None
    (name, given), strand.entering = strand.entering, None
    enter_later(run, key, name, given)


def _settled(run: Run) -> Step:
    try:
        run.settle()
    except HistoryFull:
        cause = f"The execution reached the maximum number of history events ({MOST_EVENTS})."
        give_up(run, ROOT, StateFailure(faults.RUNTIME, cause))
    return run.step()


def _take(run: Run, event: Event) -> None:
    if isinstance(event, Stop):
        failure = StateFailure(event.error, event.cause)
        run.record_last("ExecutionAborted", {"executionAbortedEventDetails": failure.details()}, 0)
        end(run, Aborted(event.error, event.cause))
    elif isinstance(event, TimerFired):
        _take_timer(run, event.key)
    elif (key := run.execution.tokens.get(event.token)) is not None:
        _take_task(run, key, event)


def _take_task(
    run: Run, key: str, event: TaskSubmitted | ActivityStarted | TaskSucceeded | TaskFailed | TaskHeartbeat
) -> None:
    """`key` is the strand that waits for the task."""
    match event:
        case TaskSubmitted():
            task_state.task_submitted(run, key, event.output)
        case ActivityStarted():
            task_state.activity_started(run, key, event.worker_name)
        case TaskHeartbeat():
            run.restart_timer(key, "heartbeat")
        case TaskSucceeded():
            task_state.task_succeeded(run, key, event.output)
        case TaskFailed():
            task_state.task_failed(run, key, StateFailure(event.error, event.cause))


def _take_timer(run: Run, name: str) -> None:
    if name not in run.execution.timers:
        return
    timer = run.take_timer(name)
    if timer.purpose == "turn":
        for key in [key for key, strand in run.execution.strands.items() if strand.entering is not None]:
            _enter(run, key)
        return
    if timer.strand is None:
        run.record_last("ExecutionTimedOut", {"executionTimedOutEventDetails": {}}, 0)
        end(run, TimedOut())
        return
    match timer.purpose:
        case "wait":
            _after_wait(run, timer.strand)
        case "retry":
            run.behaviour.work(run, timer.strand)
        case "timeout" | "heartbeat":
            task_state.task_timed_out(run, timer.strand, is_heartbeat=timer.purpose == "heartbeat")


def _after_wait(run: Run, key: str) -> None:
    try:
        simple_states.after_wait(run, key, run.state_of(key))
    except StateFailure as failure:
        fail(run, key, failure)
