"""An endpoint as one record: its deployments, its instances, and what the front door sends to them.

Instances live inside of the record rather than in rows of their own, so that one commit decides about all of them, and the routing is a
function of one row.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.guardrail import Guardrail
from mlsystem.engine.store.records import Record

DEFAULT_STARTUP_SECONDS = 600


class EndpointStatus(StrEnum):
    """EndpointStatus."""

    CREATING = "Creating"  # the first deployment's instances are not all healthy yet
    UPDATING = "Updating"  # a deployment or a capacity is on its way; the one before serves meanwhile
    ROLLING_BACK = "RollingBack"  # an update is taken back
    IN_SERVICE = "InService"  # the front door serves what was wanted last
    UPDATE_ROLLBACK_FAILED = "UpdateRollbackFailed"  # a rolling update could not be taken back: both fleets serve
    DELETING = "Deleting"  # gets no requests any more, its instances end
    FAILED = "Failed"  # could not be created: it can only be deleted


class Phase(StrEnum):
    """Where an instance is."""

    STARTING = "Starting"  # its process is being started, or does not answer /ping yet
    SERVING = "Serving"  # healthy: gets requests when its deployment serves
    SICK = "Sick"  # did not answer /ping any more: its process is ended, and started again
    WAITING = "Waiting"  # its process ended: it is started again after a pause
    LEAVING = "Leaving"  # is to get no more requests, once the front door has followed
    DRAINING = "Draining"  # gets no new requests, those under way are let finish
    STOPPING = "Stopping"  # its process was told to end


class Stage(StrEnum):
    """Where an update is."""

    CREATING = "Creating"  # the instances that the next step needs are not all healthy yet
    ACTIVATING = "ActivatingTraffic"  # the front door is to send the step's share to the new fleet
    BAKING = "Baking"  # it does, and the alarms are looked at
    RETURNING = "Returning"  # the traffic goes back to the old fleet


class Value(BaseModel):
    """Base of what is inside of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Instance(Value):
    """One process of a variant. `attempt` counts its processes; `failures` those that ended soon after one another."""

    id: str
    deployment: int
    variant: str
    phase: Phase = Phase.STARTING
    attempt: int = 1
    failures: int = 0
    healthy_at: float | None = None

    @property
    def lives(self) -> bool:
        """Whether it is meant to serve, now or soon."""
        return self.phase in (Phase.STARTING, Phase.SERVING, Phase.SICK, Phase.WAITING)


class Variant(Value):
    """A production variant, or the shadow of one, which gets copies of its requests.

    `model` is the container definition and role of its model when it was deployed.
    """

    name: str
    model_name: str
    model: dict[str, Any]
    digest: str = ""
    instance_type: str = ""
    weight: float = 1.0
    count: int = 1
    startup_seconds: float = DEFAULT_STARTUP_SECONDS
    is_shadow: bool = False


class Deployment(Value):
    """An endpoint configuration on its way, or in service: a copy, since configurations and models may be deleted meanwhile."""

    number: int
    config_name: str
    variants: tuple[Variant, ...]
    capture: dict[str, Any] | None = None
    started_at: float = 0.0
    guardrail: Guardrail = Guardrail()

    @property
    def counts(self) -> dict[str, int]:
        """Instances that are wanted, by variant."""
        return {variant.name: variant.count for variant in self.variants}

    @property
    def production(self) -> list[Variant]:
        return [variant for variant in self.variants if not variant.is_shadow]

    @property
    def shadow(self) -> Variant | None:
        return next((variant for variant in self.variants if variant.is_shadow), None)

    @property
    def size(self) -> int:
        return sum(self.counts.values())

    def variant(self, name: str) -> Variant:
        return next(variant for variant in self.variants if variant.name == name)

    @property
    def is_captured(self) -> bool:
        return bool(self.capture and self.capture.get("EnableCapture"))

    @property
    def role_arn(self) -> str:
        """The role of the first variant's model, as which captured data is written."""
        return str(self.variants[0].model["ExecutionRoleArn"])


class Rollout(Value):
    """An update on its way from the deployment that serves to the target.

    `step` counts the steps that were taken; `active` says how many of the target's instances get requests, by variant. `ids` are for
    instances that later steps start.
    """

    stage: Stage = Stage.CREATING
    step: int = 0
    since: float = 0.0
    active: dict[str, int] = {}
    ids: tuple[str, ...] = ()


class Endpoint(Record):
    """`serving` is the number of the deployment that gets the requests (0: none yet), `target` of the one that is to.

    `door_round` grows with every change of what the front door is to serve; `settled_round` is the last one that it is known to serve.
    `capture` is the last configuration with which data was captured: some of it may still have to be written. `deployment_config` is the
    DeploymentConfig that was given last.
    """

    kind: ClassVar[str] = "sagemaker.endpoint"
    arn: str
    deployments: tuple[Deployment, ...]
    instances: tuple[Instance, ...] = ()
    serving: int = 0
    target: int = 1
    door_round: int = 0
    settled_round: int = 0
    failure_reason: str = ""
    capture: dict[str, Any] | None = None
    rollout: Rollout | None = None
    deployment_config: dict[str, Any] | None = None

    def deployment(self, number: int) -> Deployment:
        return next(deployment for deployment in self.deployments if deployment.number == number)

    @property
    def shown(self) -> Deployment:
        """The deployment that DescribeEndpoint tells about: what serves, else what is to."""
        return self.deployment(self.serving or self.target)

    def instance(self, instance_id: str) -> Instance | None:
        return next((instance for instance in self.instances if instance.id == instance_id), None)

    @property
    def share(self) -> float:
        """The part of the requests that the target gets while an update is on its way."""
        if self.rollout is None:
            return 0.0
        return sum(self.rollout.active.values()) / self.deployment(self.target).size

    def is_routed(self, instance: Instance) -> bool:
        """Whether the front door is to send requests to it."""
        if self.state == EndpointStatus.DELETING or instance.phase is not Phase.SERVING:
            return False
        if instance.deployment == self.serving:
            return self.share < 1
        return instance.id in {one.id for one in self.activated(instance.variant)}

    def activated(self, variant: str) -> list[Instance]:
        """The target's instances that get requests: the first healthy ones, as many as the step says."""
        if self.rollout is None:
            return []
        healthy = [
            one
            for one in self.instances
            if (one.deployment, one.variant, one.phase) == (self.target, variant, Phase.SERVING)
        ]
        return healthy[: self.rollout.active.get(variant, 0)]

    def routed(self, deployment: int, variant: str) -> list[Instance]:
        return [
            one
            for one in self.instances
            if (one.deployment, one.variant) == (deployment, variant) and self.is_routed(one)
        ]

    def process_id(self, instance: Instance) -> str:
        return f"endpoint-instance.{self.key}.{instance.id}.{instance.attempt}"
