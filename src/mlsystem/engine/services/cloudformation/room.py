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
from mlsystem.engine.services.cloudformation.types import (
    codebuild,
    codecommit,
    codepipeline,
    ec2,
    ecr,
    efs,
    iam,
    kms,
    logs,
    s3,
    secretsmanager,
)

TYPES: tuple[ResourceType, ...] = (
    ecr.REPOSITORY,
    iam.Role(),
    iam.Policy(),
    codebuild.PROJECT,
    codecommit.Repository(),
    codepipeline.PIPELINE,
    kms.ALIAS,
    kms.KEY,
    logs.LOG_GROUP,
    s3.BUCKET,
    s3.BUCKET_POLICY,
    secretsmanager.SECRET,
    *ec2.TYPES,
    *efs.TYPES,
)


def open_room(house: House) -> Room:
    registry = Registry(TYPES, CustomResource())
    machine = StackMachine(registry)
    return Room(
        "cloudformation",
        [StackOperations(house, machine, registry), StackDescriptions(house), Resources(house, machine, registry)],
    )
