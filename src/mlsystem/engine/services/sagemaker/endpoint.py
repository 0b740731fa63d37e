"""An endpoint as one record: its deployments, its instances, and what the front door sends to them.

Instances live inside of the record rather than in rows of their own, so that one commit decides about all of them, and the routing is a
function of one row.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.store.records import Record

DEFAULT_STARTUP_SECONDS = 600


class EndpointStatus(StrEnum):
    """EndpointStatus."""

    CREATING = "Creating"  # the first deployment's instances are not all healthy yet
    UPDATING = "Updating"  # a deployment or a capacity is on its way; the one before serves meanwhile
    IN_SERVICE = "InService"  # the front door serves what was wanted last
    DELETING = "Deleting"  # gets no requests any more, its instances end
    FAILED = "Failed"  # could not be created: it can only be deleted


class Phase(StrEnum):
    """Where an instance is."""

    STARTING = "Starting"  # its process is being started, or does not answer /ping yet
    SERVING = "Serving"  # healthy: gets requests when its deployment serves
    WAITING = "Waiting"  # its process ended: it is started again after a pause
    LEAVING = "Leaving"  # is to get no more requests, once the front door has followed
    DRAINING = "Draining"  # gets no new requests, those under way are let finish
    STOPPING = "Stopping"  # its process was told to end


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
        return self.phase in (Phase.STARTING, Phase.SERVING, Phase.WAITING)


class Variant(Value):
    """A production variant. `model` is the container definition and role of its model when it was deployed."""

    name: str
    model_name: str
    model: dict[str, Any]
    digest: str = ""
    instance_type: str = ""
    weight: float = 1.0
    count: int = 1
    startup_seconds: float = DEFAULT_STARTUP_SECONDS


class Deployment(Value):
    """An endpoint configuration on its way, or in service: a copy, since configurations and models may be deleted meanwhile."""

    number: int
    config_name: str
    variants: tuple[Variant, ...]
    capture: dict[str, Any] | None = None
    started_at: float = 0.0

    def variant(self, name: str) -> Variant:
        return next(variant for variant in self.variants if variant.name == name)

    @property
    def is_captured(self) -> bool:
        return bool(self.capture and self.capture.get("EnableCapture"))

    @property
    def role_arn(self) -> str:
        """The role of the first variant's model, as which captured data is written."""
        return str(self.variants[0].model["ExecutionRoleArn"])


class Endpoint(Record):
    """`serving` is the number of the deployment that gets the requests (0: none yet), `target` of the one that is to.

    `door_round` grows with every change of what the front door is to serve; `settled_round` is the last one that it is known to serve.
    `capture` is the last configuration with which data was captured: some of it may still have to be written.
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

    def deployment(self, number: int) -> Deployment:
        return next(deployment for deployment in self.deployments if deployment.number == number)

    @property
    def shown(self) -> Deployment:
        """The deployment that DescribeEndpoint tells about: what serves, else what is to."""
        return self.deployment(self.serving or self.target)

    def instance(self, instance_id: str) -> Instance | None:
        return next((instance for instance in self.instances if instance.id == instance_id), None)

    def is_routed(self, instance: Instance) -> bool:
        """Whether the front door is to send requests to it."""
        return (
            self.state != EndpointStatus.DELETING
            and instance.phase is Phase.SERVING
            and instance.deployment == self.serving
        )

    def routed(self, variant: str) -> list[Instance]:
        return [instance for instance in self.instances if instance.variant == variant and self.is_routed(instance)]

    def process_id(self, instance: Instance) -> str:
        return f"endpoint-instance.{self.key}.{instance.id}.{instance.attempt}"
