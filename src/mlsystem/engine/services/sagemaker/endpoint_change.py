"""One step of an endpoint while it is put together: what happens to its instances and its status, and what follows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.durable.machine import Action, CancelTimer, Notice, SetTimer, Step
from mlsystem.engine.services.sagemaker.endpoint import (
    Deployment,
    Endpoint,
    EndpointStatus,
    Instance,
    Phase,
    Rollout,
    Stage,
)

LONGEST_REASON = 1024

# AWS has no word for a way back; what becomes of the new fleet then is its end.
VARIANT_STATUS = {
    Stage.CREATING: "Creating",
    Stage.ACTIVATING: "ActivatingTraffic",
    Stage.BAKING: "Baking",
    Stage.RETURNING: "Deleting",
}
SETTLING = (EndpointStatus.CREATING, EndpointStatus.UPDATING, EndpointStatus.ROLLING_BACK)


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
        """All of it; the way to the target has been looked at (`endpoint_rollout.proceed`)."""
        self._finish()
        record = None if self.is_removed else self.endpoint
        return Step(record, tuple(self.actions), tuple(self.timers), tuple(self.notices))

    # ------------------------------------------------------------------ what happens to instances
    def fill(self, deployment: Deployment, ids: list[str], counts: Mapping[str, int] | None = None) -> None:
        """Start the instances that a deployment lacks (of `counts`, else of all its own), with ids taken from `ids`."""
        for variant, count in (counts or deployment.counts).items():
            living = [one for one in self.living(deployment.number) if one.variant == variant]
            for _ in range(count - len(living)):
                instance = Instance(id=ids.pop(0), deployment=deployment.number, variant=variant)
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
        """The target cannot be reached, and has no requests yet: back to what serves, or Failed where nothing does."""
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
        self.endpoint = self.endpoint.changed(target=serving.number, rollout=None)
        self.become(EndpointStatus.IN_SERVICE, reason)

    def put_deployment(self, deployment: Deployment) -> None:
        others = [one for one in self.endpoint.deployments if one.number != deployment.number]
        self.endpoint = self.endpoint.changed(deployments=[*others, deployment])

    def announce(self) -> None:
        self.notices += notices(self.endpoint)

    def announce_stage(self, rollout: Rollout) -> None:
        self.notices.append(deployment_notice(self.endpoint, rollout))

    # ------------------------------------------------------------------ what follows from all that
    def _finish(self) -> None:
        before = self.endpoint.door_round
        if self.endpoint.door_round > before or self._has_new_round():
            number = self.endpoint.door_round
            self.actions.append(Action("sagemaker.settle_door", f"{self.key}/{number}", {"round": number}))
        if self.endpoint.state == EndpointStatus.DELETING and not self.endpoint.instances and self.is_settled:
            self.actions.append(Action("sagemaker.ship_captured", self.endpoint.arn))
        used = {self.endpoint.serving, self.endpoint.target, *(one.deployment for one in self.endpoint.instances)}
        self.endpoint = self.endpoint.changed(
            deployments=[one for one in self.endpoint.deployments if one.number in used]
        )

    def _has_new_round(self) -> bool:
        """Asking again for a round that is in the outbox changes nothing."""
        return self.endpoint.door_round > self.endpoint.settled_round

    @property
    def key(self) -> str:
        """What keys of actions begin with: another endpoint of the same name has another one."""
        return f"{self.endpoint.arn}/{int(self.endpoint.created_at * 1000):x}"

    @property
    def is_settled(self) -> bool:
        return self.endpoint.settled_round == self.endpoint.door_round


def notices(endpoint: Endpoint) -> list[Notice]:
    """What is told of an endpoint's status, to rules on AWS events and to other rooms."""
    told = [_event(endpoint, "SageMaker Endpoint State Change", {})]
    if endpoint.state in (EndpointStatus.IN_SERVICE, EndpointStatus.FAILED):
        told.append(settled(endpoint, endpoint.state))
    return told


def deployment_notice(endpoint: Endpoint, rollout: Rollout) -> Notice:
    """What is told of an update on its way, whenever it has come a stage further.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html#eventbridge-deployment-state
    """
    pending = endpoint.deployment(endpoint.target)
    status = {"StatusMessage": "", "StartTime": int(rollout.since * 1000), "Status": VARIANT_STATUS[rollout.stage]}
    summary = {
        "EndpointConfigName": pending.config_name,
        "StartTime": int(pending.started_at * 1000),
        "ProductionVariants": [
            {
                "VariantName": one.name,
                "CurrentWeight": one.weight,
                "DesiredWeight": one.weight,
                "CurrentInstanceCount": rollout.active.get(one.name, 0),
                "DesiredInstanceCount": one.count,
                "VariantStatus": [status],
            }
            for one in pending.production
        ],
    }
    return _event(endpoint, "SageMaker Endpoint Deployment State Change", {"PendingDeploymentSummary": summary})


def _event(endpoint: Endpoint, kind: str, more: Mapping[str, object]) -> Notice:
    shown = endpoint.shown
    detail = {
        "EndpointName": endpoint.key,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": shown.config_name,
        "EndpointStatus": _shouted(endpoint.state),
        "CreationTime": int(endpoint.created_at * 1000),
        "ProductionVariants": [
            {"VariantName": one.name, "DesiredWeight": one.weight, "DesiredInstanceCount": one.count}
            for one in shown.production
        ],
        "FailureReason": endpoint.failure_reason,
        "Tags": {},
        **more,
    }
    event = {"source": "aws.sagemaker", "detail-type": kind, "resources": [endpoint.arn], "detail": detail}
    return Notice("aws.event", event)


def settled(endpoint: Endpoint, status: str) -> Notice:
    data = {"name": endpoint.key, "arn": endpoint.arn, "status": str(status), "reason": endpoint.failure_reason}
    return Notice("sagemaker.endpoint.settled", {**data, "config": endpoint.shown.config_name})


def _shouted(status: str) -> str:
    """InService as events have it: IN_SERVICE."""
    return "".join(f"_{letter}" if letter.isupper() and at else letter for at, letter in enumerate(status)).upper()
