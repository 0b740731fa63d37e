"""The life of an endpoint: which instance is started, gets requests, is drained and stopped. Pure.

An update starts the new deployment's instances beside the old ones and moves the requests to them (`endpoint_rollout`); when the front
door has followed, the old ones are drained and stopped. So at no moment is there a request without an instance. An update that fails
removes what it had started, and the endpoint is in service as before, with a FailureReason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer, Step
from mlsystem.engine.services.sagemaker.endpoint import Deployment, Endpoint, EndpointStatus, Instance, Phase, Stage
from mlsystem.engine.services.sagemaker.endpoint_change import SETTLING, Change, settled
from mlsystem.engine.services.sagemaker.endpoint_rollout import (
    BAKE_TIMER,
    LIMIT_TIMER,
    abandon,
    alarm_raised,
    alarms_checked,
    bake_due,
    begin,
    fail,
    limit_due,
    proceed,
)

# A process that ended before it ever was healthy is started again this often; then the deployment has failed.
MOST_FAILED_STARTS = 3
# One that was healthy for so long did not fail because of its start: it is started again at once.
STEADY_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


class EndpointMachine:
    """See the module. New instances' ids are random, so whoever sends an event brings them along."""

    model = Endpoint

    def begin(self, endpoint: Endpoint, ids: Sequence[str], at: float) -> Step[Endpoint]:
        """The step that creates an endpoint."""
        change = Change(endpoint.changed(state=EndpointStatus.CREATING), at)
        change.fill(endpoint.deployment(endpoint.target), list(ids))
        change.announce()
        proceed(change)
        return change.step()

    def advance(self, record: Endpoint, event: Event, at: float) -> Step[Endpoint]:
        change = Change(record, at)
        handler = _HANDLERS.get(event.name)
        if event.name == "timer":
            handler = _TIMERS[str(event.data["timer"]).split("/")[0]]
        if handler is None:
            return Step(record)
        handler(change, event.data)
        proceed(change)
        return change.step()


# ---------------------------------------------------------------------- events
Data = Mapping[str, Any]


def _current(change: Change, data: Data) -> Instance | None:
    """The instance that an event is about, unless it is about a process of before."""
    instance = change.endpoint.instance(data["instance"])
    return instance if instance is not None and instance.attempt == data["attempt"] else None


def _update_requested(change: Change, data: Data) -> None:
    deployment = Deployment.model_validate(data["deployment"])
    change.put_deployment(deployment)
    kept = {"deployment_config": data.get("deployment_config") or change.endpoint.deployment_config}
    change.endpoint = change.endpoint.changed(target=deployment.number, **kept)
    begin(change, deployment, data["ids"])
    change.become(EndpointStatus.UPDATING)


def _capacity_requested(change: Change, data: Data) -> None:
    serving = Deployment.model_validate(data["deployment"])
    before = change.endpoint.deployment(serving.number)
    change.put_deployment(serving)
    change.become(EndpointStatus.UPDATING)
    if [one.weight for one in before.variants] != [one.weight for one in serving.variants]:
        change.reroute()
    for variant in serving.variants:
        living = [one for one in change.living(serving.number) if one.variant == variant.name]
        # Those that never were healthy go first, then the youngest.
        for instance in sorted(living, key=lambda one: one.healthy_at or float("inf"))[variant.count :]:
            change.retire(instance, change.endpoint.is_routed(instance))
    change.fill(serving, list(data["ids"]))


def _delete_requested(change: Change, data: Data) -> None:
    before = [(one, change.endpoint.is_routed(one)) for one in change.endpoint.instances]
    abandon(change)
    change.become(EndpointStatus.DELETING)
    change.reroute()
    for instance, was_routed in before:
        if instance.lives:
            change.retire(instance, was_routed)


def _instance_started(change: Change, data: Data) -> None:
    instance = _current(change, data)
    if instance is not None and instance.phase is Phase.STARTING:
        variant = change.endpoint.deployment(instance.deployment).variant(instance.variant)
        # An instant, since a program needs its time whatever the time scale.
        due = change.at + variant.startup_seconds
        timer = {"instance": instance.id, "attempt": instance.attempt}
        change.timers.append(SetTimer(f"health/{instance.id}", at=due, data=timer))


def _instance_healthy(change: Change, data: Data) -> None:
    instance = _current(change, data)
    if instance is not None and instance.phase is Phase.STARTING:
        change.timers.append(CancelTimer(f"health/{instance.id}"))
        change.put(instance, phase=Phase.SERVING, healthy_at=change.at)


def _instance_sick(change: Change, data: Data) -> None:
    instance = _current(change, data)
    if instance is not None and instance.phase is Phase.SERVING:
        change.act("stop_instance", change.put(instance, phase=Phase.SICK))


def _health_due(change: Change, data: Data) -> None:
    instance = _current(change, data)
    if instance is not None and instance.phase is Phase.STARTING:
        change.act("check_instance", instance)


def _instance_unhealthy(change: Change, data: Data) -> None:
    """It did not answer in time: a new instance has failed; one that was healthy before is given another process."""
    instance = _current(change, data)
    if instance is None or instance.phase is not Phase.STARTING:
        return
    if _is_new(change, instance):
        fail(change, data["reason"])
    else:
        change.act("stop_instance", instance)


def _instance_exited(change: Change, data: Data) -> None:
    instance = _current(change, data)
    if instance is None or instance.phase is Phase.WAITING:
        return
    if not instance.lives:
        change.drop(instance)
        return
    change.timers.append(CancelTimer(f"health/{instance.id}"))
    is_blameless = data["how"] in ("stopped", "lost")
    was_steady = instance.healthy_at is not None and change.at - instance.healthy_at > STEADY_SECONDS
    failures = 0 if was_steady or is_blameless else instance.failures + 1
    if failures >= MOST_FAILED_STARTS and _is_new(change, instance):
        change.put(instance, phase=Phase.WAITING)
        fail(change, data["reason"])
        return
    change.put(instance, phase=Phase.WAITING, attempt=instance.attempt + 1, failures=failures)
    pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS) if failures else 0.0
    change.timers.append(SetTimer(f"restart/{instance.id}", after_seconds=pause, data={"instance": instance.id}))


def _restart_due(change: Change, data: Data) -> None:
    instance = change.endpoint.instance(data["instance"])
    if instance is not None and instance.phase is Phase.WAITING:
        change.act("start_instance", change.put(instance, phase=Phase.STARTING))


def _action_failed(change: Change, data: Data) -> None:
    """Only the start of an instance gives up: its image or its model cannot be had."""
    instance = _current(change, data)
    if instance is None:
        return
    if instance.phase is not Phase.STARTING:
        change.drop(instance)
        return
    if _is_new(change, instance):
        change.put(instance, phase=Phase.WAITING)
        fail(change, f"{data['code']}: {data['reason']}")
    else:
        _instance_exited(change, {**data, "how": "exited"})


def _door_settled(change: Change, data: Data) -> None:
    if data["round"] != change.endpoint.door_round:
        return
    change.endpoint = change.endpoint.changed(settled_round=data["round"])
    for instance in change.endpoint.instances:
        if instance.phase is Phase.LEAVING:
            change.act("drain_instance", change.put(instance, phase=Phase.DRAINING))


def _instance_drained(change: Change, data: Data) -> None:
    instance = _current(change, data)
    if instance is not None and instance.phase is Phase.DRAINING:
        change.act("stop_instance", change.put(instance, phase=Phase.STOPPING))


def _shipped(change: Change, data: Data) -> None:
    change.notices.append(settled(change.endpoint, "Deleted"))
    change.is_removed = True


def _is_new(change: Change, instance: Instance) -> bool:
    """Whether what is on its way depends on this instance's first health."""
    rollout = change.endpoint.rollout
    is_returning = rollout is not None and rollout.stage is Stage.RETURNING
    wanted = change.endpoint.serving if is_returning else change.endpoint.target
    return change.endpoint.state in SETTLING and instance.healthy_at is None and instance.deployment == wanted


_HANDLERS: dict[str, Callable[[Change, Data], None]] = {
    "update_requested": _update_requested,
    "capacity_requested": _capacity_requested,
    "delete_requested": _delete_requested,
    "instance_started": _instance_started,
    "instance_healthy": _instance_healthy,
    "instance_unhealthy": _instance_unhealthy,
    "instance_sick": _instance_sick,
    "instance_exited": _instance_exited,
    "instance_drained": _instance_drained,
    "action_failed": _action_failed,
    "door_settled": _door_settled,
    "shipped": _shipped,
    "alarm_raised": alarm_raised,
    "alarms_checked": alarms_checked,
}
_TIMERS = {"health": _health_due, "restart": _restart_due, BAKE_TIMER: bake_due, LIMIT_TIMER: limit_due}
