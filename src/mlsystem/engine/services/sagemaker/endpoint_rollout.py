"""How an update moves the requests from the fleet that serves to the new one, step by step, and back. Pure.

    Creating -> ActivatingTraffic -> Baking -> (the next step, from Creating) ... -> the new fleet serves, the old one leaves
        \\__________\\________________\\-> Returning -> the old fleet serves, the new one leaves

Which steps, how long each is baked and which alarms speak against it says the deployment's guardrail (`decide/guardrail`). Alarms are
looked at when a step is baked and when its time is over, and one that is raised meanwhile is taken at once; alarms that cannot be looked
at count as raised. Back goes the traffic first; the instances follow.

A rolling update ends as many old instances as new ones have begun to serve, so its way back has to start some again: the requests go back
as these become healthy.
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem.engine.durable.machine import Action, CancelTimer, SetTimer
from mlsystem.engine.services.sagemaker.endpoint import Deployment, EndpointStatus, Instance, Phase, Rollout, Stage
from mlsystem.engine.services.sagemaker.endpoint_change import SETTLING, Change

BAKE_TIMER, LIMIT_TIMER = "bake", "limit"
CHECK_ALARMS = "sagemaker.check_alarms"

Data = Mapping[str, Any]


def begin(change: Change, deployment: Deployment, ids: Iterable[str]) -> None:
    """An update is asked for: start what its first step needs."""
    spare = list(ids)
    guardrail = deployment.guardrail
    first = guardrail.steps(deployment.counts)[0] if guardrail.is_rolling else None
    change.fill(deployment, spare, first)
    rollout = Rollout(since=change.at, ids=tuple(spare))
    change.endpoint = change.endpoint.changed(rollout=rollout)
    change.announce_stage(rollout)
    if guardrail.limit_seconds is not None:
        # An instant, since programs need their time whatever the time scale.
        change.timers.append(SetTimer(LIMIT_TIMER, at=change.at + guardrail.limit_seconds))


def proceed(change: Change) -> None:
    """Go as far as the instances and the front door have come."""
    if change.is_removed or change.endpoint.state not in SETTLING:
        return
    rollout = change.endpoint.rollout
    if rollout is None:
        _settle(change)
    elif rollout.stage is Stage.CREATING:
        _take_step(change, rollout)
    elif rollout.stage is Stage.ACTIVATING and change.is_settled:
        _bake(change, rollout)
    elif rollout.stage is Stage.RETURNING:
        _give_back(change, rollout)


def abandon(change: Change) -> None:
    """The endpoint is deleted, or its update failed before it had any request."""
    if change.endpoint.rollout is not None:
        change.endpoint = change.endpoint.changed(rollout=None)
        change.timers += [CancelTimer(BAKE_TIMER), CancelTimer(LIMIT_TIMER)]


def fail(change: Change, reason: str) -> None:
    """What was wanted cannot be had."""
    rollout = change.endpoint.rollout
    if rollout is not None and rollout.stage is Stage.RETURNING:
        change.become(EndpointStatus.UPDATE_ROLLBACK_FAILED, f"{change.endpoint.failure_reason} And back: {reason}")
    elif rollout is not None and rollout.step:
        roll_back(change, reason)
    else:
        abandon(change)
        change.fail(reason)


def roll_back(change: Change, reason: str) -> None:
    """The requests go back to the fleet of before."""
    rollout = change.endpoint.rollout
    if rollout is None or rollout.stage is Stage.RETURNING:
        return
    change.timers += [CancelTimer(BAKE_TIMER), CancelTimer(LIMIT_TIMER)]
    _put(change, rollout, stage=Stage.RETURNING)
    change.become(EndpointStatus.ROLLING_BACK, reason)


# ---------------------------------------------------------------------- events
def alarm_raised(change: Change, data: Data) -> None:
    """An alarm of the guardrail says so, unasked; before a request has gone to the new fleet it cannot be its fault."""
    rollout = change.endpoint.rollout
    if rollout is not None and rollout.step and data["alarm"] in _target(change).guardrail.alarms:
        roll_back(change, _alarmed([data["alarm"]]))


def alarms_checked(change: Change, data: Data) -> None:
    rollout = change.endpoint.rollout
    if rollout is None or rollout.stage is not Stage.BAKING or rollout.step != data["step"]:
        return
    if data["active"]:
        roll_back(change, _alarmed(data["active"]))
    elif data["unreadable"]:
        roll_back(
            change,
            f"The alarms of the deployment could not be read, so they count as raised: {data['unreadable']}",
        )
    elif data["is_last"]:
        _end_step(change, rollout)


def bake_due(change: Change, data: Data) -> None:
    rollout = change.endpoint.rollout
    if rollout is not None and rollout.stage is Stage.BAKING and rollout.step == data["step"]:
        _look(change, rollout, is_last=True)


def limit_due(change: Change, data: Data) -> None:
    del data
    rollout = change.endpoint.rollout
    if rollout is not None and rollout.stage is not Stage.RETURNING:
        seconds = _target(change).guardrail.limit_seconds
        fail(change, f"The deployment did not end within its MaximumExecutionTimeoutInSeconds, {seconds:g} s.")


# ---------------------------------------------------------------------- forward
def _settle(change: Change) -> None:
    """Without a rollout there is one fleet: it serves when all its instances are healthy, or it is done when the door has followed."""
    endpoint = change.endpoint
    target = _target(change)
    if not _is_whole(change, target, target.counts):
        return
    if endpoint.serving != target.number:
        _serve(change, target)
    elif change.is_settled:
        reason = endpoint.failure_reason if endpoint.state == EndpointStatus.ROLLING_BACK else ""
        change.become(EndpointStatus.IN_SERVICE, reason)


def _take_step(change: Change, rollout: Rollout) -> None:
    """The next share of the requests, once the instances for it are there."""
    target = _target(change)
    steps = target.guardrail.steps(target.counts)
    active = steps[rollout.step]
    if not _is_whole(change, target, active if target.guardrail.is_rolling else target.counts):
        return
    step = rollout.step + 1
    is_plain = not target.guardrail.alarms and not target.guardrail.bake_seconds(step, target.counts)
    if step == len(steps) and is_plain:
        _finish(change)
        return
    before = change.living(change.endpoint.serving)
    _put(change, rollout, stage=Stage.ACTIVATING, step=step, active=active)
    change.reroute()
    if target.guardrail.is_rolling:
        _thin_out(change, change.endpoint.deployment(change.endpoint.serving), before, 1 - change.endpoint.share)


def _bake(change: Change, rollout: Rollout) -> None:
    target = _target(change)
    seconds = target.guardrail.bake_seconds(rollout.step, target.counts)
    rollout = _put(change, rollout, stage=Stage.BAKING)
    if seconds:
        change.timers.append(SetTimer(BAKE_TIMER, after_seconds=seconds, data={"step": rollout.step}))
    _look(change, rollout, is_last=not seconds)


def _look(change: Change, rollout: Rollout, is_last: bool) -> None:
    """At the alarms; without any, a bake that is over is over."""
    if not _target(change).guardrail.alarms:
        if is_last:
            _end_step(change, rollout)
        return
    key = f"{change.key}/{change.endpoint.target}/{rollout.step}/{'end' if is_last else 'begin'}"
    data = {"step": rollout.step, "is_last": is_last, "alarms": list(_target(change).guardrail.alarms)}
    change.actions.append(Action(CHECK_ALARMS, key, data))


def _end_step(change: Change, rollout: Rollout) -> None:
    target = _target(change)
    steps = target.guardrail.steps(target.counts)
    if rollout.step == len(steps):
        _finish(change)
        return
    if target.guardrail.is_rolling:
        spare = list(rollout.ids)
        change.fill(target, spare, steps[rollout.step])
        _put(change, rollout, stage=Stage.CREATING, ids=tuple(spare))
        return
    # The whole fleet is there, but for one that has just crashed.
    rollout = rollout.model_copy(update={"stage": Stage.CREATING})
    change.endpoint = change.endpoint.changed(rollout=rollout)
    _take_step(change, rollout)


def _finish(change: Change) -> None:
    """The new fleet is what serves from now on."""
    old = [one for one in change.endpoint.instances if one.deployment != change.endpoint.target and one.lives]
    abandon(change)
    _serve(change, _target(change))
    for instance in old:
        change.retire(instance, was_routed=instance.phase is Phase.SERVING)


def _serve(change: Change, target: Deployment) -> None:
    capture = target.capture if target.is_captured else change.endpoint.capture
    change.endpoint = change.endpoint.changed(serving=target.number, capture=capture)
    change.reroute()


# ---------------------------------------------------------------------- back
def _give_back(change: Change, rollout: Rollout) -> None:
    """As far as the old fleet can take the requests; where it is whole, all of them."""
    old, target = change.endpoint.deployment(change.endpoint.serving), _target(change)
    share = 0.0
    if target.guardrail.is_rolling:
        share = 1 - min(1.0, _healthy(change, old) / old.size)
        rollout = _restart(change, old, rollout)
    needed = {name: math.ceil(count * share - 1e-9) for name, count in target.counts.items()}
    active = {name: min(count, needed[name]) for name, count in rollout.active.items()}
    before = change.living(target.number)
    if active != rollout.active:
        _put(change, rollout, active=active)
        change.reroute()
        if target.guardrail.is_rolling:
            _thin_out(change, target, before, share)
    if not any(active.values()):
        change.endpoint = change.endpoint.changed(target=old.number, rollout=None)
        change.reroute()
        for instance in change.living(target.number):
            change.retire(instance, was_routed=instance.phase is Phase.SERVING)


def _restart(change: Change, old: Deployment, rollout: Rollout) -> Rollout:
    """The next batch of the old fleet, once the one before is healthy."""
    living = change.living(old.number)
    if any(one.phase is not Phase.SERVING for one in living):
        return rollout
    batch = _target(change).guardrail.rollback_batch
    counts = {name: min(count, _count(living, name) + batch(count)) for name, count in old.counts.items()}
    spare = list(rollout.ids)
    change.fill(old, spare, counts)
    return _put(change, rollout, ids=tuple(spare))


# ---------------------------------------------------------------------- what both need
def _thin_out(change: Change, deployment: Deployment, before: Iterable[Instance], share: float) -> None:
    """Of a fleet's instances only so many stay as its share of the requests needs."""
    for name, count in deployment.counts.items():
        of_variant = [one for one in before if one.variant == name]
        for instance in of_variant[math.ceil(count * share - 1e-9) :]:
            change.retire(instance, was_routed=instance.phase is Phase.SERVING)


def _is_whole(change: Change, deployment: Deployment, counts: Mapping[str, int]) -> bool:
    living = change.living(deployment.number)
    is_healthy = all(one.phase is Phase.SERVING for one in living)
    return is_healthy and all(_count(living, name) >= count for name, count in counts.items())


def _count(instances: Iterable[Instance], variant: str) -> int:
    return sum(1 for one in instances if one.variant == variant)


def _healthy(change: Change, deployment: Deployment) -> int:
    return sum(1 for one in change.living(deployment.number) if one.phase is Phase.SERVING)


def _target(change: Change) -> Deployment:
    return change.endpoint.deployment(change.endpoint.target)


def _put(change: Change, rollout: Rollout, **values: Any) -> Rollout:
    stage = values.get("stage", rollout.stage)
    since = change.at if stage is not rollout.stage else rollout.since
    changed = rollout.model_copy(update={"since": since, **values})
    change.endpoint = change.endpoint.changed(rollout=changed)
    if stage is not rollout.stage:
        change.announce_stage(changed)
    return changed


def _alarmed(names: Iterable[str]) -> str:
    return f"One or more alarms of the deployment are in the state ALARM: {', '.join(names)}."
