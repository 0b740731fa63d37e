"""Parallel and Map states: running flows beside each other and gathering what they give.

https://states-language.net/spec.html#parallel-state and #map-state. Each branch or iteration is a strand of its own;
the state goes on when all have ended, and gives up the rest when one has failed that it may not tolerate.
"""

from __future__ import annotations

from mlsystem.engine.decide.states import faults
from mlsystem.engine.decide.states.batching import batches
from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.execution import Gathering, Strand
from mlsystem.engine.decide.states.faults import StateFailure
from mlsystem.engine.decide.states.machine import State, StateType
from mlsystem.engine.decide.states.run import Run
from mlsystem.engine.decide.states.settings import percentage, whole_number
from mlsystem.engine.decide.states.transitions import check_size, enter_later, fail, leave

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MOST_ITERATIONS_AT_ONCE = 40

# Types whose states AWS tells as aborted when their branch is given up.
_ABORTABLE = (StateType.TASK, StateType.WAIT, StateType.PARALLEL, StateType.MAP)


# ---------------------------------------------------------------------- starting
def work_parallel(run: Run, key: str, state: State) -> None:
    given = run.data_flow(key).arguments()
    check_size(given, state.name)
    count = len(state.flows)
    run.visit_of(key).gathering = Gathering(total=count, concurrency=count, started=count)
    event = run.tell(key, "ParallelStateStarted")
    for place, flow in enumerate(state.flows):
        child = run.add_strand(Strand(parent=key, place=place, flow=place, previous_event=event))
        enter_later(run, child, flow.start_at, given)


def work_map(run: Run, key: str, state: State) -> None:
    flow = run.data_flow(key)
    items = flow.items()
    wanted = whole_number(flow, state, "MaxConcurrency", 0) or MOST_ITERATIONS_AT_ONCE
    is_batched = "ItemBatcher" in state.fields
    gathering = Gathering(
        total=0,
        concurrency=min(wanted, MOST_ITERATIONS_AT_ONCE),
        items=batches(flow, state, items) if is_batched else items,
        is_selected=is_batched,
        tolerated_count=whole_number(flow, state, "ToleratedFailureCount", 0),
        tolerated_percentage=percentage(flow, state, "ToleratedFailurePercentage"),
    )
    gathering.total = len(gathering.items)
    run.visit_of(key).gathering = gathering
    event = run.tell(key, "MapStateStarted", {"mapStateStartedEventDetails": {"length": gathering.total}})
    _go_on(run, key, event)


def _go_on(run: Run, key: str, previous: int) -> None:
    """Start as many iterations as may run, or finish if all have ended. Raises StateFailure."""
    gathering = _gathering(run, key)
    running = len(run.children(key))
    try:
        while gathering.started < gathering.total and running < gathering.concurrency:
            _start_iteration(run, key, gathering, previous)
            running += 1
    except StateFailure:
        _abort_children(run, key, failed=None)
        raise
    if len(gathering.results) == gathering.total:
        _complete(run, key)


def _start_iteration(run: Run, key: str, gathering: Gathering, previous: int) -> None:
    state, index = run.state_of(key), gathering.started
    item = gathering.items[index]
    given = item if gathering.is_selected else run.data_flow(key).item(state.fields, item, index)
    check_size(given, state.name)
    gathering.started += 1
    strand = Strand(parent=key, place=index, map_item={"Index": index, "Value": item}, previous_event=previous)
    child = run.add_strand(strand)
    run.tell(child, "MapIterationStarted", _iteration(state, index, "Started"))
    enter_later(run, child, state.flows[0].start_at, given)


# ---------------------------------------------------------------------- gathering
def gather(run: Run, key: str, output: Json) -> None:
    """A branch or iteration has ended well."""
    strand, parent = run.strand(key), _parent(run, key)
    state = run.state_of(parent)
    last = strand.previous_event
    if state.type is StateType.MAP:
        event = run.tell_beside(key, "MapIterationSucceeded", _iteration(state, strand.place, "Succeeded"))
        run.strand(parent).previous_event = event
    else:
        run.strand(parent).previous_event = last
    _take_result(run, key, parent, output, last)


def gather_failure(run: Run, key: str, failure: StateFailure) -> None:
    """A branch or iteration has failed: tolerate it, or fail the whole state."""
    strand, parent = run.strand(key), _parent(run, key)
    state, gathering = run.state_of(parent), _gathering(run, parent)
    run.strand(parent).previous_event = strand.previous_event
    if state.type is StateType.MAP:
        run.tell_beside(key, "MapIterationFailed", _iteration(state, strand.place, "Failed"))
        gathering.failed += 1
        if _is_tolerated(gathering, failure):
            _take_result(run, key, parent, failure.output(), strand.previous_event)
            return
        if _has_tolerance(gathering) and failure.error != faults.RUNTIME:
            failure = StateFailure(
                faults.EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded"
            )
    else:
        failure = StateFailure(failure.error, failure.cause, [*failure.also, faults.BRANCH_FAILED])
    _abort_children(run, parent, failed=key)
    fail(run, parent, failure)


def _take_result(run: Run, key: str, parent: str, result: Json, previous: int) -> None:
    gathering = _gathering(run, parent)
    gathering.results[str(run.strand(key).place)] = result
    del run.execution.strands[key]
    try:
        _go_on(run, parent, previous)
    except StateFailure as failure:
        fail(run, parent, failure)


def _complete(run: Run, key: str) -> None:
    """All have ended: the state's result is the array of theirs."""
    state, gathering = run.state_of(key), _gathering(run, key)
    run.tell_beside(key, f"{state.type}StateSucceeded")
    result = [gathering.results[str(place)] for place in range(gathering.total)]
    flow = run.data_flow(key)
    leave(run, key, flow.output(result), flow.assigned(state.fields, result))


def _has_tolerance(gathering: Gathering) -> bool:
    return gathering.tolerated_count is not None or gathering.tolerated_percentage is not None


def _is_tolerated(gathering: Gathering, failure: StateFailure) -> bool:
    """Each threshold that is given must hold; without any no failure is tolerated. States.Runtime never is."""
    if not _has_tolerance(gathering) or failure.error == faults.RUNTIME:
        return False
    count, share = gathering.tolerated_count, gathering.tolerated_percentage
    if count is not None and gathering.failed > count:
        return False
    return share is None or gathering.failed * 100 <= share * gathering.total


# ---------------------------------------------------------------------- giving up
def _abort_children(run: Run, key: str, failed: str | None) -> None:
    """Stop every branch or iteration; `failed` is the one that has failed and has been told so."""
    state = run.state_of(key)
    children = run.children(key)
    if failed is not None and state.type is StateType.MAP:
        _gathering(run, key).failed -= 1  # a redrive tries it again
    for child in sorted(children, key=lambda one: one != failed):
        if state.type is StateType.MAP and child != failed:
            details = _iteration(state, run.strand(child).place, "Aborted")
            run.tell_beside(key, "MapIterationAborted", details)
        _abort(run, child, key, has_failed=child == failed)


def _abort(run: Run, key: str, teller: str, has_failed: bool) -> None:
    """Stop a strand and what runs inside it; events refer to what made `teller` fail."""
    strand = run.strand(key)
    if strand.visit is not None:
        state = run.state_of(key)
        for child in run.children(key):
            _abort(run, child, teller, has_failed=False)
        # A Parallel or Map state that has failed has said so; a task that has failed is aborted as a state.
        if state.type in _ABORTABLE and not (has_failed and state.type is not StateType.TASK):
            run.tell_beside(teller, f"{state.type}StateAborted")
        run.forget_task(key, is_cancelled=True)
    run.clear_timers(key)
    run.set_aside(key)


# ---------------------------------------------------------------------- helpers
def _gathering(run: Run, key: str) -> Gathering:
    gathering = run.visit_of(key).gathering
    if gathering is None:
        raise LookupError(f"strand {key} gathers nothing")
    return gathering


def _parent(run: Run, key: str) -> str:
    parent = run.strand(key).parent
    if parent is None:
        raise LookupError(f"strand {key} has no parent")
    return parent


def _iteration(state: State, index: int, what: str) -> dict[str, Json]:
    return {f"mapIteration{what}EventDetails": {"name": state.name, "index": index}}
