"""A file system with a mount target and an access point, for tests that mount one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tests.live import LiveEngine, eventually


@dataclass(frozen=True)
class Share:
    file_system: str
    mount_target: str
    access_point: str
    access_point_arn: str
    subnet: str


def make_share(engine: LiveEngine, path: str = "/assets") -> Share:
    """All of it available."""
    ec2, efs = engine.client("ec2"), engine.client("efs")
    vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.0.0/20")["Subnet"]["SubnetId"]
    file_system = efs.create_file_system(CreationToken=uuid.uuid4().hex)["FileSystemId"]
    eventually(
        lambda: efs.describe_file_systems(FileSystemId=file_system)["FileSystems"][0]["LifeCycleState"] == "available"
    )
    point = efs.create_access_point(
        FileSystemId=file_system,
        ClientToken=uuid.uuid4().hex,
        PosixUser={"Uid": 1000, "Gid": 1000},
        RootDirectory={"Path": path, "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0750"}},
    )
    target = make_mount_target(engine, file_system, subnet)
    return Share(file_system, target, point["AccessPointId"], point["AccessPointArn"], subnet)


def make_mount_target(engine: LiveEngine, file_system: str, subnet: str) -> str:
    efs = engine.client("efs")
    target = str(efs.create_mount_target(FileSystemId=file_system, SubnetId=subnet)["MountTargetId"])
    eventually(
        lambda: efs.describe_mount_targets(MountTargetId=target)["MountTargets"][0]["LifeCycleState"] == "available"
    )
    return target
