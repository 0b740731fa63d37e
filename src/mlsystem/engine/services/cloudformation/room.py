"""CloudFormation: which parts make the room, and which resource types it has."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.cloudformation.custom import CustomResource
from mlsystem.engine.services.cloudformation.descriptions import StackDescriptions
from mlsystem.engine.services.cloudformation.operations import StackOperations
from mlsystem.engine.services.cloudformation.registry import Registry
from mlsystem.engine.services.cloudformation.resource_type import ResourceType
from mlsystem.engine.services.cloudformation.resources import Resources
from mlsystem.engine.services.cloudformation.stack import StackMachine
from mlsystem.engine.services.cloudformation.types import ecr, iam

TYPES: tuple[ResourceType, ...] = (
    ecr.REPOSITORY,
    iam.Role(),
    iam.Policy(),
)


def open_room(house: House) -> Room:
    registry = Registry(TYPES, CustomResource())
    machine = StackMachine(registry)
    return Room(
        "cloudformation",
        [StackOperations(house, machine, registry), StackDescriptions(house), Resources(house, machine, registry)],
    )
