"""From state to state: entering, leaving, failing, and the ends of strands.

A failure first looks for a retrier, then for a catcher, and else ends the strand
(https://states-language.net/spec.html#errors). The order of history events and what they refer to was compared with
histories of Step Functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states import faults
from mlsystem.engine.decide.states.documents import LARGEST_BYTES, Json, compact, size
from mlsystem.engine.decide.states.execution import Timer, Visit
from mlsystem.engine.decide.states.faults import QueryFailure, RuntimeFailure, StateFailure
from mlsystem.engine.decide.states.history import data
from mlsystem.engine.decide.states.machine import StateType
from mlsystem.engine.decide.states.protocol import Failed, Outcome, Succeeded
from mlsystem.engine.decide.states.retrying import catcher_for, delay_seconds, retrier_for
from mlsystem.engine.decide.states.run import ROOT, Run

# https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
MOST_VARIABLE_BYTES = 10 * 1024 * 1024


def enter(run: Run, key: str, name: str, input: Json) -> None:
    """The strand enters the state and begins its work."""
    run.entered(key)
    strand = run.strand(key)
    state = run.flow_of(key).states[name]
    before = strand.previous_event
    details = {"stateEnteredEventDetails": {"name": name, **data("input", input)}}
    event = run.tell(key, f"{state.type}StateEntered", details)
    strand.visit = Visit(state=name, input=input, entered_at=run.at, entered_event=event, event_before=before)
    run.behaviour.work(run, key)


def enter_later(run: Run, key: str, name: str, input: Json) -> None:
    """In its turn, if the strand still lives then; where this step has had its share of states, in another one."""
    if run.is_tired:
        run.strand(key).entering = (name, input)
        run.ask_for_turn()
        return
    run.expect(key, name, input)
    run.later(lambda: enter(run, key, name, input) if run.has(key) else None)


def leave(run: Run, key: str, output: Json, variables: Mapping[str, Json], next: str | None = None) -> None:
    """The strand leaves its state for `next`, else for the state's own next, else it ends.

    Raises StateFailure if output or variables are too large.
    """
    strand, state = run.strand(key), run.state_of(key)
    check_size(output, state.name)
    _check_variables(run, key, variables)
    details: dict[str, Json] = {"name": state.name, **data("output", output)}
    if variables:
        details["assignedVariables"] = {name: compact(value) for name, value in variables.items()}
        details["assignedVariablesDetails"] = {"truncated": False}
    run.tell(key, f"{state.type}StateExited", {"stateExitedEventDetails": details})
    strand.variables = {**strand.variables, **variables}
    strand.visit = None
    run.forget_aside(key)
    target = next or state.next
    if target is None:
        finish(run, key, output)
    else:
        enter_later(run, key, target, output)


def finish(run: Run, key: str, output: Json) -> None:
    """The strand has ended well."""
    if key != ROOT:
        run.behaviour.gather(run, key, output)
        return
    details = {"executionSucceededEventDetails": data("output", output)}
    run.record_last("ExecutionSucceeded", details, run.strand(key).previous_event)
    end(run, Succeeded(output))


def fail(run: Run, key: str, failure: StateFailure) -> None:
    """The strand's state reports an error: retry, catch or give up."""
    visit, state = run.visit_of(key), run.state_of(key)
    run.clear_timers(key)
    run.forget_task(key, is_cancelled=False)
    placed = _placed(run, key, failure)
    if _retries(run, key, placed):
        return
    # A state that could not even be processed (States.Runtime) has not failed as a state, in AWS's history.
    if state.type in (StateType.PARALLEL, StateType.MAP) and (visit.gathering or placed.error != faults.RUNTIME):
        run.tell(key, f"{state.type}StateFailed")
    place = catcher_for(state.catch, placed)
    if place is None:
        give_up(run, key, placed)
        return
    catcher = state.catch[place]
    try:
        output, variables = run.data_flow(key).caught(catcher.fields, placed.output())
        leave(run, key, output, variables, catcher.next)
    except StateFailure as second:
        give_up(run, key, _placed(run, key, second))


def give_up(run: Run, key: str, failure: StateFailure) -> None:
    """Nothing in the strand caught the failure."""
    if key != ROOT:
        run.behaviour.gather_failure(run, key, failure)
        return
    details = {"executionFailedEventDetails": failure.details()}
    run.record_last("ExecutionFailed", details, run.strand(key).previous_event)
    end(run, Failed(failure.error, failure.cause))


def end(run: Run, outcome: Outcome) -> None:
    """The execution is over: nothing of it goes on."""
    for key in list(run.execution.strands):
        if run.strand(key).visit is not None:
            run.forget_task(key, is_cancelled=True)
        run.clear_timers(key)
    run.clear_timers(None)
    if not isinstance(outcome, Succeeded):
        run.interrupt()
    run.execution.strands.clear()
    run.execution.has_ended = True
    run.outcome = outcome
    run.forget_work()


def check_size(value: Json, name: str) -> None:
    """Raises StateFailure for more than the limit; `name` is the state's or the task's."""
    if size(value) > LARGEST_BYTES:
        limit = "a size exceeding the maximum number of bytes service limit"
        raise StateFailure(faults.DATA_LIMIT_EXCEEDED, f"The state/task '{name}' returned a result with {limit}.")


def _check_variables(run: Run, key: str, variables: Mapping[str, Json]) -> None:
    """https://states-language.net/spec.html#variable-scope: an inner scope may read outer variables, not assign to
    them."""
    if not variables:
        return
    taken = sorted(run.outer_variables(key).keys() & variables.keys())
    if taken:
        raise RuntimeFailure(f"The variable '{taken[0]}' belongs to an outer scope and cannot be assigned here.")
    if sum(map(size, variables.values())) > LARGEST_BYTES:
        raise StateFailure(faults.DATA_LIMIT_EXCEEDED, f"One Assign may store at most {LARGEST_BYTES} bytes.")
    if sum(map(size, {**run.strand(key).variables, **variables}.values())) > MOST_VARIABLE_BYTES:
        raise StateFailure(faults.DATA_LIMIT_EXCEEDED, f"Variables may hold at most {MOST_VARIABLE_BYTES} bytes.")


def _placed(run: Run, key: str, failure: StateFailure) -> StateFailure:
    """The failure with the name of its state. JSONata that failed has an event of its own.

    Before any work that event refers to what led to the state, not to its entering.
    """
    strand, visit = run.strand(key), run.visit_of(key)
    placed = failure.in_state(visit.state, visit.entered_event)
    if isinstance(failure, QueryFailure):
        if strand.previous_event == visit.entered_event:
            strand.previous_event = visit.event_before
        location = {} if failure.location is None else {"location": failure.location}
        details = {"state": visit.state, **location, **placed.details()}
        run.tell(key, "EvaluationFailed", {"evaluationFailedEventDetails": details})
    return placed


def _retries(run: Run, key: str, failure: StateFailure) -> bool:
    """Whether the state is tried again later. Each retrier counts its own attempts for one stay in the state."""
    visit, state = run.visit_of(key), run.state_of(key)
    place = retrier_for(state.retry, failure)
    if place is None:
        return False
    retrier, before = state.retry[place], visit.attempts.get(str(place), 0)
    if before >= retrier.max_attempts:
        return False
    visit.attempts[str(place)] = before + 1
    visit.retry_count += 1
    visit.gathering = None
    run.forget_aside(key)
    delay = delay_seconds(retrier, before, run.chance)
    run.set_timer(Timer(purpose="retry", strand=key, after_seconds=delay))
    return True
