"""How a deployment goes: hook, traffic in steps, hook; and back, as soon as anything speaks against it.

    Created -> BeforeAllowTraffic -> AllowTraffic (a step, a wait, a step ...) -> AfterAllowTraffic -> Succeeded
                      \\________________________\\__________________________\\-> traffic back -> Failed or Stopped

Alarms are looked at before the first step, before each further one, and before success is told; an alarm that comes unasked is
taken at any time. Alarms that cannot be looked at count as firing, unless the group says otherwise. A rollback moves the traffic first
and tells its status last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsystem.engine.decide.traffic.deployment import (
    AFTER,
    ALLOW,
    BEFORE,
    Deployment,
    DeploymentStatus,
    Ending,
    LifecycleEventStatus,
    RollbackEvent,
)
from mlsystem.engine.decide.traffic.draft import Draft
from mlsystem.engine.decide.traffic.step import (
    AlarmPollFailed,
    AlarmsChecked,
    Begun,
    CheckAlarms,
    Event,
    HookEnded,
    InvokeHook,
    SetTraffic,
    Step,
    StopRequested,
    TimerFired,
    TrafficFailed,
    TrafficSet,
)

HOOK_SECONDS = 3600
HOOK_TIMER = "hook"
STEP_TIMER = "step"


def advance(deployment: Deployment, event: Event, at: float) -> Step:
    """An event that comes twice, or too late, changes nothing."""
    draft = Draft(deployment, at)
    if not deployment.status.is_terminal:
        handler: Callable[[Draft, Any], None] = _HANDLERS[type(event)]
        handler(draft, event)
    return draft.step()


# Forward


def _begun(draft: Draft, event: Begun) -> None:
    del event
    if draft.deployment.status is DeploymentStatus.CREATED:
        draft.set(status=DeploymentStatus.IN_PROGRESS, started_at=draft.at)
        _check(draft)


def _check(draft: Draft) -> None:
    """Look at the alarms; go on when they are quiet."""
    if not draft.deployment.alarms:
        _go_on(draft)
        return
    number = draft.deployment.checks + 1
    draft.set(checks=number)
    draft.do(CheckAlarms(draft.key("alarms", number), draft.deployment.alarms, number))


def _go_on(draft: Draft) -> None:
    """Whatever comes next, now that nothing speaks against it."""
    if draft.status(BEFORE) is LifecycleEventStatus.PENDING:
        _begin_hook(draft, BEFORE)
    elif draft.status(ALLOW) in {LifecycleEventStatus.PENDING, LifecycleEventStatus.IN_PROGRESS}:
        _shift(draft)
    elif draft.status(AFTER) is LifecycleEventStatus.PENDING:
        _begin_hook(draft, AFTER)
    elif draft.status(AFTER) is not LifecycleEventStatus.IN_PROGRESS:
        draft.set(status=DeploymentStatus.SUCCEEDED, completed_at=draft.at)


def _begin_hook(draft: Draft, name: str) -> None:
    function = draft.deployment.event(name).hook
    if function is None:
        draft.mark(name, LifecycleEventStatus.SKIPPED)
        _after_hook(draft, name)
        return
    draft.mark(name, LifecycleEventStatus.IN_PROGRESS)
    draft.do(InvokeHook(draft.key("hook", name), name, function))
    draft.wait(HOOK_TIMER, HOOK_SECONDS)


def _after_hook(draft: Draft, name: str) -> None:
    if name == BEFORE and draft.deployment.event(name).hook is None:
        _go_on(draft)
    else:
        _check(draft)


def _shift(draft: Draft) -> None:
    """Take the next step of the plan."""
    if draft.status(ALLOW) is LifecycleEventStatus.PENDING:
        draft.mark(ALLOW, LifecycleEventStatus.IN_PROGRESS)
    number = draft.deployment.steps_taken
    draft.set(steps_taken=number + 1)
    draft.do(SetTraffic(_traffic_key(draft, number), draft.deployment.steps[number].percent))


def _is_between_steps(draft: Draft) -> bool:
    taken = draft.deployment.steps_taken
    steps = draft.deployment.steps
    is_shifting = draft.status(ALLOW) is LifecycleEventStatus.IN_PROGRESS
    return is_shifting and 0 < taken < len(steps) and draft.deployment.percent == steps[taken - 1].percent


def _is_setting(draft: Draft) -> bool:
    """A step of the traffic has been asked for, and nobody knows yet what came of it."""
    taken = draft.deployment.steps_taken
    is_shifting = draft.status(ALLOW) is LifecycleEventStatus.IN_PROGRESS
    return is_shifting and taken > 0 and draft.deployment.percent != draft.deployment.steps[taken - 1].percent


def _traffic_key(draft: Draft, number: int) -> str:
    return draft.key("traffic", number)


def _hook_ended(draft: Draft, event: HookEnded) -> None:
    name = event.lifecycle_event
    if (
        name not in {BEFORE, AFTER}
        or draft.deployment.ending
        or draft.status(name) is not LifecycleEventStatus.IN_PROGRESS
    ):
        return
    draft.forget(HOOK_TIMER)
    if event.succeeded:
        draft.mark(name, LifecycleEventStatus.SUCCEEDED)
        _after_hook(draft, name)
        return
    draft.mark(name, LifecycleEventStatus.FAILED, event.reason)
    why = f": {event.reason}" if event.reason else "."
    _fail(draft, "HOOK_EXECUTION_FAILURE", f"The {name} hook {draft.deployment.event(name).hook} failed{why}")


def _traffic_set(draft: Draft, event: TrafficSet) -> None:
    deployment = draft.deployment
    number = deployment.steps_taken - 1
    if deployment.ending is not None:
        if event.key == draft.key("traffic", "back"):
            draft.set(percent=0, has_rolled_back=True)
            _end(draft, deployment.ending)
        elif not deployment.ending.rolls_back and event.key == _traffic_key(draft, number):
            draft.set(percent=deployment.steps[number].percent)
            _end(draft, deployment.ending)
        return
    if (
        number < 0
        or event.key != _traffic_key(draft, number)
        or draft.status(ALLOW) is not LifecycleEventStatus.IN_PROGRESS
    ):
        return
    steps = deployment.steps
    draft.set(percent=steps[number].percent)
    if deployment.steps_taken < len(steps):
        draft.wait(STEP_TIMER, steps[number + 1].offset_seconds - steps[number].offset_seconds)
        return
    draft.mark(ALLOW, LifecycleEventStatus.SUCCEEDED)
    _go_on(draft)


def _timer_fired(draft: Draft, event: TimerFired) -> None:
    if draft.deployment.ending is not None:
        return
    if event.name == STEP_TIMER and _is_between_steps(draft):
        _check(draft)
    elif event.name == HOOK_TIMER:
        for name in (BEFORE, AFTER):
            if draft.status(name) is LifecycleEventStatus.IN_PROGRESS:
                _hook_ended(
                    draft, HookEnded(name, succeeded=False, reason="it did not report its status within an hour")
                )


def _alarms_checked(draft: Draft, event: AlarmsChecked) -> None:
    if draft.deployment.ending is not None:
        return
    if event.active:
        names = ", ".join(event.active)
        _fail(
            draft,
            "ALARM_ACTIVE",
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected"
            f" deployments have been stopped. Activated alarms: <{names}>",
            RollbackEvent.ALARM,
        )
    elif event.check is not None and event.check == draft.deployment.checks:
        _answered(draft)


def _alarm_poll_failed(draft: Draft, event: AlarmPollFailed) -> None:
    if draft.deployment.ending is not None:
        return
    if not draft.deployment.ignores_poll_failure:
        _fail(
            draft,
            "ALARM_ACTIVE",
            f"The state of the alarms {', '.join(draft.deployment.alarms)} could not be read ({event.reason}), so they count as"
            " activated; set ignorePollAlarmFailure to go on without them.",
            RollbackEvent.ALARM,
        )
    elif event.check is not None and event.check == draft.deployment.checks:
        _answered(draft)


def _answered(draft: Draft) -> None:
    """The check that was waited for is quiet. Taking its number back makes a repeated answer an old one."""
    draft.set(checks=draft.deployment.checks + 1)
    _go_on(draft)


# Back


def _traffic_failed(draft: Draft, event: TrafficFailed) -> None:
    deployment = draft.deployment
    if deployment.ending is not None:
        if event.key == draft.key("traffic", "back"):
            message = f"{deployment.ending.message} And the traffic could not be brought back: {event.reason}"
            _end(draft, deployment.ending.model_copy(update={"message": message}))
        elif not deployment.ending.rolls_back and event.key == _traffic_key(draft, deployment.steps_taken - 1):
            _end(draft, deployment.ending)
        return
    if draft.status(ALLOW) is LifecycleEventStatus.IN_PROGRESS:
        message = f"The traffic could not be shifted: {event.reason}"
        draft.mark(ALLOW, LifecycleEventStatus.FAILED, message)
        _fail(draft, "INVALID_LAMBDA_FUNCTION", message)


def _stop_requested(draft: Draft, event: StopRequested) -> None:
    deployment = draft.deployment
    if deployment.ending is not None:
        return
    wants_back = RollbackEvent.REQUEST in deployment.rolls_back_on if event.rolls_back is None else event.rolls_back
    ending = Ending(
        status=DeploymentStatus.STOPPED,
        code="MANUAL_STOP",
        message="The deployment was stopped by a request of its user.",
    )
    _turn_round(draft, ending, wants_back)


def _fail(draft: Draft, code: str, message: str, cause: RollbackEvent = RollbackEvent.FAILURE) -> None:
    ending = Ending(status=DeploymentStatus.FAILED, code=code, message=message)
    # An alarm is a failure too: either word in the group's configuration is enough.
    wants_back = bool({cause, RollbackEvent.FAILURE} & draft.deployment.rolls_back_on)
    _turn_round(draft, ending, wants_back)


def _turn_round(draft: Draft, ending: Ending, wants_back: bool) -> None:
    draft.forget(STEP_TIMER)
    draft.forget(HOOK_TIMER)
    if wants_back and draft.deployment.steps_taken:
        draft.set(ending=ending)
        draft.do(SetTraffic(draft.key("traffic", "back"), 0))
    elif _is_setting(draft):  # its share is not known before
        draft.set(ending=ending.model_copy(update={"rolls_back": False}))
    else:
        _end(draft, ending)


def _end(draft: Draft, ending: Ending) -> None:
    for event in draft.deployment.events:
        if event.status is LifecycleEventStatus.IN_PROGRESS:
            draft.mark(event.name, LifecycleEventStatus.FAILED, ending.message)
        elif event.status is LifecycleEventStatus.PENDING:
            draft.mark(event.name, LifecycleEventStatus.SKIPPED)
    draft.set(
        status=ending.status,
        error_code=ending.code,
        error_message=ending.message,
        ending=None,
        completed_at=draft.at,
    )


_HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    Begun: _begun,
    HookEnded: _hook_ended,
    TrafficSet: _traffic_set,
    TrafficFailed: _traffic_failed,
    AlarmsChecked: _alarms_checked,
    AlarmPollFailed: _alarm_poll_failed,
    TimerFired: _timer_fired,
    StopRequested: _stop_requested,
}
