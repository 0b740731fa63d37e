"""Task states: having work done elsewhere, with its time-outs.

https://states-language.net/spec.html#task-state and
https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from __future__ import annotations

from mlsystem.engine.decide.states import faults
from mlsystem.engine.decide.states.data_flow import DataFlow
from mlsystem.engine.decide.states.documents import Json, compact
from mlsystem.engine.decide.states.execution import Timer
from mlsystem.engine.decide.states.faults import StateFailure
from mlsystem.engine.decide.states.history import data, resource_kind
from mlsystem.engine.decide.states.machine import State
from mlsystem.engine.decide.states.protocol import StartTask
from mlsystem.engine.decide.states.run import Run
from mlsystem.engine.decide.states.settings import whole_number
from mlsystem.engine.decide.states.transitions import check_size, fail, leave


def work_task(run: Run, key: str, state: State) -> None:
    visit = run.visit_of(key)
    # The token is there before the parameters are made: they may hold it.
    visit.token = run.chance.token()
    task = _task(run.data_flow(key), state, visit.token)
    run.start_task(key, task)
    _tell_scheduled(run, key, task)
    if task.timeout_seconds is not None:
        run.set_timer(Timer(purpose="timeout", strand=key, after_seconds=task.timeout_seconds))
    # An activity's heartbeats count from when a worker has taken the task.
    if task.heartbeat_seconds is not None and resource_kind(state.resource).family != "Activity":
        run.set_timer(Timer(purpose="heartbeat", strand=key, after_seconds=task.heartbeat_seconds))


def _task(flow: DataFlow, state: State, token: str) -> StartTask:
    parameters = flow.arguments()
    check_size(parameters, state.name)
    return StartTask(
        token=token,
        resource=state.resource,
        parameters=parameters,
        timeout_seconds=whole_number(flow, state, "TimeoutSeconds", 1),
        heartbeat_seconds=whole_number(flow, state, "HeartbeatSeconds", 1),
        credentials=flow.credentials(),
    )


def task_submitted(run: Run, key: str, output: Json) -> None:
    if resource_kind(run.state_of(key).resource).is_named:
        _tell(run, key, "Submitted", data("output", output))


def activity_started(run: Run, key: str, worker_name: str | None) -> None:
    state = run.state_of(key)
    if resource_kind(state.resource).family != "Activity":
        return
    _tell(run, key, "Started", {} if worker_name is None else {"workerName": worker_name})
    heartbeat = whole_number(run.data_flow(key), state, "HeartbeatSeconds", 1)
    if heartbeat is not None:
        run.set_timer(Timer(purpose="heartbeat", strand=key, after_seconds=heartbeat))


def task_succeeded(run: Run, key: str, output: Json) -> None:
    """The result goes on, unless it is too large for a state."""
    state, kind = run.state_of(key), resource_kind(run.state_of(key).resource)
    try:
        check_size(output, kind.service or state.resource)
    except StateFailure as failure:
        task_failed(run, key, failure)
        return
    _tell(run, key, "Succeeded", data("output", output))
    run.clear_timers(key)
    run.forget_task(key, is_cancelled=False)
    flow = run.data_flow(key)
    try:
        leave(run, key, flow.output(output), flow.assigned(state.fields, output))
    except StateFailure as failure:
        fail(run, key, failure)


def task_failed(run: Run, key: str, failure: StateFailure) -> None:
    _tell(run, key, "Failed", failure.details())
    fail(run, key, failure)


def task_timed_out(run: Run, key: str, is_heartbeat: bool) -> None:
    """A missed heartbeat is reported as States.Timeout too (measured on AWS); ErrorEquals may name either."""
    _tell(run, key, "TimedOut", {"error": faults.TIMEOUT})
    run.forget_task(key, is_cancelled=True)
    fail(run, key, StateFailure(faults.TIMEOUT, None, [faults.HEARTBEAT_TIMEOUT] if is_heartbeat else []))


# ---------------------------------------------------------------------- history
def _tell_scheduled(run: Run, key: str, task: StartTask) -> None:
    kind = resource_kind(task.resource)
    details: dict[str, Json] = dict(kind.names)
    if kind.is_named:
        details |= {"region": run.execution.arn.split(":")[3], "parameters": compact(task.parameters)}
    else:
        details |= {"resource": task.resource, **data("input", task.parameters)}
    if task.timeout_seconds is not None:
        details["timeoutInSeconds"] = task.timeout_seconds
    if task.heartbeat_seconds is not None and kind.family != "LambdaFunction":
        details["heartbeatInSeconds"] = task.heartbeat_seconds
    if isinstance(task.credentials, dict) and kind.family != "Activity":
        details["taskCredentials"] = {"roleArn": task.credentials.get("RoleArn")}
    run.tell(key, f"{kind.family}Scheduled", {_member(kind.family, "Scheduled"): details})
    if kind.family == "LambdaFunction":
        run.tell(key, "LambdaFunctionStarted")
    elif kind.is_named:
        _tell(run, key, "Started", {})


def _tell(run: Run, key: str, what: str, details: dict[str, Json]) -> None:
    kind = resource_kind(run.state_of(key).resource)
    run.tell(key, f"{kind.family}{what}", {_member(kind.family, what): {**kind.names, **details}})


def _member(family: str, what: str) -> str:
    """`taskSucceededEventDetails` for Task and Succeeded."""
    return f"{family[0].lower()}{family[1:]}{what}EventDetails"
