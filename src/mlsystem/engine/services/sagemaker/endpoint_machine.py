"""The life of an endpoint: which instance is started, gets requests, is drained and stopped. Pure.

An update starts the new deployment's instances beside the old ones. When all of them are healthy the routing is switched at once; when
the front door has followed, the old ones are drained and stopped. So at no moment is there a request without an instance. An update that
fails removes what it had started, and the endpoint is in service as before, with a FailureReason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer, Step
from mlsystem.engine.services.sagemaker.endpoint import Deployment, Endpoint, EndpointStatus, Instance, Phase

# A process that ended before it ever was healthy is started again this often; then the deployment has failed.
MOST_FAILED_STARTS = 3
# One that was healthy for so long did not fail because of its start: it is started again at once.
STEADY_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_REASON = 1024

SETTLING = (EndpointStatus.CREATING, EndpointStatus.UPDATING)


class EndpointMachine:
    """See the module. New instances' ids are random, so whoever sends an event brings them along."""

    model = Endpoint

    def begin(self, endpoint: Endpoint, ids: Sequence[str], at: float) -> Step[Endpoint]:
        """The step that creates an endpoint."""
        change = Change(endpoint.changed(state=EndpointStatus.CREATING), at)
        change.fill(endpoint.deployment(endpoint.target), list(ids))
        change.announce()
        return change.step()

    def advance(self, record: Endpoint, event: Event, at: float) -> Step[Endpoint]:
        change = Change(record, at)
        handler = _HANDLERS.get(event.name)
        if event.name == "timer":
            handler = _TIMERS[str(event.data["timer"]).split("/")[0]]
        if handler is None:
            return Step(record)
        handler(change, event.data)
        return change.step()


class Change:
    """One step while it is put together."""

    def __init__(self, endpoint: Endpoint, at: float):
        self.endpoint = endpoint
        self.at = at
        self.is_removed = False
        self.actions: list[Action] = []
        self.timers: list[SetTimer | CancelTimer] = []
        self.notices: list[Notice] = []

    def step(self) -> Step[Endpoint]:
        self._finish()
        record = None if self.is_removed else self.endpoint
        return Step(record, tuple(self.actions), tuple(self.timers), tuple(self.notices))

    # ------------------------------------------------------------------ what happens to instances
    def fill(self, deployment: Deployment, ids: list[str]) -> None:
        """Start the instances that a deployment lacks, with ids taken from `ids`."""
        for variant in deployment.variants:
            living = [one for one in self.living(deployment.number) if one.variant == variant.name]
            for _ in range(variant.count - len(living)):
                instance = Instance(id=ids.pop(0), deployment=deployment.number, variant=variant.name)
                self.endpoint = self.endpoint.changed(instances=(*self.endpoint.instances, instance))
                self.act("start_instance", instance)

    def living(self, deployment: int) -> list[Instance]:
        return [one for one in self.endpoint.instances if one.deployment == deployment and one.lives]

    def put(self, instance: Instance, **values: Any) -> Instance:
        """Write an instance's new values; the front door follows where they mean something to it."""
        changed = instance.model_copy(update=values)
        was_routed = self.endpoint.is_routed(instance)
        self.endpoint = self.endpoint.changed(
            instances=[changed if one.id == instance.id else one for one in self.endpoint.instances]
        )
        if was_routed != self.endpoint.is_routed(changed):
            self.reroute()
        return changed

    def drop(self, instance: Instance) -> None:
        """Forget an instance whose process has ended."""
        self.endpoint = self.endpoint.changed(
            instances=[one for one in self.endpoint.instances if one.id != instance.id]
        )
        self.act("clear_instance", instance)

    def retire(self, instance: Instance, was_routed: bool) -> None:
        """Take an instance out: one that got requests is drained first, one that did not is stopped, one that does not run is gone."""
        self.timers += [CancelTimer(f"{name}/{instance.id}") for name in ("health", "restart")]
        if was_routed:
            self.put(instance, phase=Phase.LEAVING)
        elif instance.phase is Phase.WAITING:
            self.drop(instance)
        else:
            self.act("stop_instance", self.put(instance, phase=Phase.STOPPING))

    def act(self, verb: str, instance: Instance) -> None:
        data = {"instance": instance.id, "attempt": instance.attempt}
        lane = f"{self.endpoint.kind}/{self.endpoint.key}/{instance.id}"
        self.actions.append(Action(f"sagemaker.{verb}", f"{instance.id}.{instance.attempt}", data, lane))

    # ------------------------------------------------------------------ what happens to the endpoint
    def reroute(self) -> None:
        """What the front door is to serve has changed."""
        self.endpoint = self.endpoint.changed(door_round=self.endpoint.door_round + 1)

    def become(self, status: EndpointStatus, reason: str = "") -> None:
        self.endpoint = self.endpoint.changed(state=status, failure_reason=reason[:LONGEST_REASON])
        self.announce()

    def fail(self, reason: str) -> None:
        """The target cannot be reached: back to what serves, or Failed where nothing does."""
        doomed = [one for one in self.living(self.endpoint.target) if one.healthy_at is None]
        if self.endpoint.target != self.endpoint.serving:
            doomed = self.living(self.endpoint.target)
        for instance in doomed:
            self.retire(instance, was_routed=False)
        if not self.endpoint.serving:
            self.become(EndpointStatus.FAILED, reason)
            return
        serving = self.endpoint.deployment(self.endpoint.serving)
        counts = {
            variant.name: len([one for one in self.living(serving.number) if one.variant == variant.name])
            for variant in serving.variants
        }
        kept = [
            variant.model_copy(update={"count": min(variant.count, counts[variant.name])})
            for variant in serving.variants
        ]
        self.put_deployment(serving.model_copy(update={"variants": tuple(kept)}))
        self.endpoint = self.endpoint.changed(target=serving.number)
        self.become(EndpointStatus.IN_SERVICE, reason)

    def put_deployment(self, deployment: Deployment) -> None:
        others = [one for one in self.endpoint.deployments if one.number != deployment.number]
        self.endpoint = self.endpoint.changed(deployments=[*others, deployment])

    def announce(self) -> None:
        self.notices += notices(self.endpoint)

    # ------------------------------------------------------------------ what follows from all that
    def _finish(self) -> None:
        before = self.endpoint.door_round
        if self.endpoint.state in SETTLING:
            self._switch()
        if self.endpoint.door_round > before or self._has_new_round():
            number = self.endpoint.door_round
            key = f"{self.endpoint.arn}/{int(self.endpoint.created_at * 1000):x}/{number}"
            self.actions.append(Action("sagemaker.settle_door", key, {"round": number}))
        if self.endpoint.state == EndpointStatus.DELETING and not self.endpoint.instances and self.is_settled:
            self.actions.append(Action("sagemaker.ship_captured", self.endpoint.arn))
        used = {self.endpoint.serving, self.endpoint.target, *(one.deployment for one in self.endpoint.instances)}
        self.endpoint = self.endpoint.changed(
            deployments=[one for one in self.endpoint.deployments if one.number in used]
        )

    def _has_new_round(self) -> bool:
        """Asking again for a round that is in the outbox changes nothing."""
        return self.endpoint.door_round > self.endpoint.settled_round

    def _switch(self) -> None:
        """Once all of the target's instances are healthy they get the requests, and those of before leave."""
        target = self.endpoint.deployment(self.endpoint.target)
        living = self.living(target.number)
        is_healthy = all(one.phase is Phase.SERVING for one in living)
        if not is_healthy or len(living) < sum(variant.count for variant in target.variants):
            return
        if self.endpoint.serving != target.number:
            before = [(one, self.endpoint.is_routed(one)) for one in self.endpoint.instances]
            capture = target.capture if target.is_captured else self.endpoint.capture
            self.endpoint = self.endpoint.changed(serving=target.number, capture=capture)
            self.reroute()
            for instance, was_routed in before:
                if instance.deployment != target.number and instance.lives:
                    self.retire(instance, was_routed)
        elif self.is_settled:
            self.become(EndpointStatus.IN_SERVICE)

    @property
    def is_settled(self) -> bool:
        return self.endpoint.settled_round == self.endpoint.door_round


def notices(endpoint: Endpoint) -> list[Notice]:
    """What is told of an endpoint's status, to rules on AWS events and to other rooms."""
    shown = endpoint.shown
    detail = {
        "EndpointName": endpoint.key,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": shown.config_name,
        "EndpointStatus": _shouted(endpoint.state),
        "CreationTime": int(endpoint.created_at * 1000),
        "ProductionVariants": [
            {"VariantName": one.name, "DesiredWeight": one.weight, "DesiredInstanceCount": one.count}
            for one in shown.variants
        ],
        "FailureReason": endpoint.failure_reason,
        "Tags": {},
    }
    event = {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Endpoint State Change",
        "resources": [endpoint.arn],
        "detail": detail,
    }
    told = [Notice("aws.event", event)]
    if endpoint.state in (EndpointStatus.IN_SERVICE, EndpointStatus.FAILED):
        told.append(settled(endpoint, endpoint.state))
    return told


def settled(endpoint: Endpoint, status: str) -> Notice:
    data = {"name": endpoint.key, "arn": endpoint.arn, "status": str(status), "reason": endpoint.failure_reason}
    return Notice("sagemaker.endpoint.settled", {**data, "config": endpoint.shown.config_name})


def _shouted(status: str) -> str:
    """InService as events have it: IN_SERVICE."""
    return "".join(f"_{letter}" if letter.isupper() and at else letter for at, letter in enumerate(status)).upper()


# ---------------------------------------------------------------------- events
Data = Mapping[str, Any]


def _current(change: Change, data: Data) -> Instance | None:
    """The instance that an event is about, unless it is about a process of before."""
    instance = change.endpoint.instance(data["instance"])
    return instance if instance is not None and instance.attempt == data["attempt"] else None


def _update_requested(change: Change, data: Data) -> None:
    deployment = Deployment.model_validate(data["deployment"])
    change.put_deployment(deployment)
    change.endpoint = change.endpoint.changed(target=deployment.number)
    change.become(EndpointStatus.UPDATING)
    change.fill(deployment, list(data["ids"]))


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
        change.fail(data["reason"])
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
        change.fail(data["reason"])
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
        change.fail(f"{data['code']}: {data['reason']}")
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
    return (
        change.endpoint.state in SETTLING
        and instance.healthy_at is None
        and instance.deployment == change.endpoint.target
    )


_HANDLERS: dict[str, Callable[[Change, Data], None]] = {
    "update_requested": _update_requested,
    "capacity_requested": _capacity_requested,
    "delete_requested": _delete_requested,
    "instance_started": _instance_started,
    "instance_healthy": _instance_healthy,
    "instance_unhealthy": _instance_unhealthy,
    "instance_exited": _instance_exited,
    "instance_drained": _instance_drained,
    "action_failed": _action_failed,
    "door_settled": _door_settled,
    "shipped": _shipped,
}
_TIMERS = {"health": _health_due, "restart": _restart_due}
