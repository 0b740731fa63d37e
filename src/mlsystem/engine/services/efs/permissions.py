"""What EFS's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticfilesystem.html"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Asked, Permissions, ResourcePolicies, given, on
from mlsystem.engine.services.efs.file_system import FileSystem, MountTarget
from mlsystem.engine.store.database import Transaction

ROOT = "arn:${Partition}:elasticfilesystem:${Region}:${Account}:"
FILE_SYSTEM = ROOT + "file-system/${FileSystemId}"
ACCESS_POINT = ROOT + "access-point/${AccessPointId}"


def file_system_of_mount_target(asked: Asked) -> Iterator[str]:
    """A mount target has no ARN of its own."""
    target = asked.tx.get(MountTarget, asked.request["MountTargetId"])
    yield asked.scope.arn("elasticfilesystem", f"file-system/{target.parent if target else ANY}")


def described(asked: Asked) -> Iterator[str]:
    """What a list is asked of: a mount target's file system, an access point, or a file system, each if named."""
    if asked.request.get("MountTargetId"):
        yield from file_system_of_mount_target(asked)
    elif asked.request.get("AccessPointId"):
        yield from asked.arns(ACCESS_POINT)
    else:
        yield from asked.arns(FILE_SYSTEM)


def resource(asked: Asked) -> Iterator[str]:
    """By its id, whose beginning tells its type, or by its ARN."""
    name = asked.request["ResourceId"].rpartition("/")[2]
    kind = "access-point" if name.startswith("fsap-") else "file-system"
    yield asked.scope.arn("elasticfilesystem", f"{kind}/{name}")


def policy_of(tx: Transaction, scope: Scope, key: str) -> str:
    found = tx.get(FileSystem, key)
    return (found.policy or "") if found else ""


PERMISSIONS = Permissions(
    "elasticfilesystem",
    {
        # file systems
        "CreateFileSystem": [on(ANY), given("Tags", on(ROOT + "file-system/*", action="TagResource"))],
        "DeleteFileSystem": [on(FILE_SYSTEM)],
        "DescribeFileSystems": [on(FILE_SYSTEM)],
        "DescribeFileSystemPolicy": [on(FILE_SYSTEM)],
        "PutFileSystemPolicy": [on(FILE_SYSTEM)],
        "DeleteFileSystemPolicy": [on(FILE_SYSTEM)],
        "DescribeBackupPolicy": [on(FILE_SYSTEM)],
        "PutBackupPolicy": [on(FILE_SYSTEM)],
        "DescribeLifecycleConfiguration": [on(FILE_SYSTEM)],
        "PutLifecycleConfiguration": [on(FILE_SYSTEM)],
        # mount targets; EFS reads the network for whoever makes one
        "CreateMountTarget": [
            on(FILE_SYSTEM),
            on(ANY, action="ec2:DescribeSubnets"),
            on(ANY, action="ec2:DescribeNetworkInterfaces"),
            on(ANY, action="ec2:CreateNetworkInterface"),
        ],
        "DeleteMountTarget": [on(file_system_of_mount_target), on(ANY, action="ec2:DeleteNetworkInterface")],
        "DescribeMountTargets": [on(described)],
        "DescribeMountTargetSecurityGroups": [on(file_system_of_mount_target)],
        "ModifyMountTargetSecurityGroups": [on(file_system_of_mount_target)],
        # access points
        "CreateAccessPoint": [on(FILE_SYSTEM), given("Tags", on(ROOT + "access-point/*", action="TagResource"))],
        "DeleteAccessPoint": [on(ACCESS_POINT)],
        "DescribeAccessPoints": [on(described)],
        # tags
        "ListTagsForResource": [on(resource)],
        "TagResource": [on(resource)],
        "UntagResource": [on(resource)],
    },
    ResourcePolicies(FileSystem, lambda arn: arn.rpartition("/")[2], policy_of),
)
