"""A private network for functions that mount a file system, as pipeline.yml makes it for production, only smaller.

A file system has no address but in a network, so what mounts it must be in there too; and as nothing leads out, S3 and the endpoint are
reached through VPC endpoints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError
from experiment import await_that

NFS_PORT, HTTPS_PORT = 2049, 443
# Lambda gives back the network interfaces of a function that was deleted when it likes.
PATIENCE_SECONDS = 45 * 60
POSIX_USER = {"Uid": 1000, "Gid": 1000}


class Network:
    """One subnet, which is enough to try something; production has two, in two zones."""

    def __init__(self, name: str) -> None:
        session = boto3.Session()
        self._region = session.region_name
        self._ec2: Any = session.client("ec2")
        self._efs: Any = session.client("efs")
        self.vpc = self._ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
        # One after the other: the API takes one of them a call.
        self._ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsSupport={"Value": True})
        self._ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.subnet = self._ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.42.0.0/20")["Subnet"]["SubnetId"]
        self.security_group = self._make_security_group(name)
        self._routes = self._ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self._association = self._ec2.associate_route_table(RouteTableId=self._routes, SubnetId=self.subnet)
        self._endpoints = [self._make_s3_endpoint(), self._make_runtime_endpoint()]
        self._shares: list[tuple[str, str, str]] = []

    def _make_security_group(self, name: str) -> str:
        """Members speak to each other, to the file system and to the VPC endpoints."""
        made = self._ec2.create_security_group(GroupName=name, Description="Members reach each other", VpcId=self.vpc)
        group = str(made["GroupId"])
        ports = [
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": group}]}
            for port in (NFS_PORT, HTTPS_PORT)
        ]
        self._ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ports)
        return group

    def _make_s3_endpoint(self) -> str:
        return self._make_endpoint("s3", VpcEndpointType="Gateway", RouteTableIds=[self._routes])

    def _make_runtime_endpoint(self) -> str:
        return self._make_endpoint(
            "sagemaker.runtime",
            VpcEndpointType="Interface",
            SubnetIds=[self.subnet],
            SecurityGroupIds=[self.security_group],
            PrivateDnsEnabled=True,
        )

    def _make_endpoint(self, service: str, **settings: Any) -> str:
        name = f"com.amazonaws.{self._region}.{service}"
        made = self._ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName=name, **settings)
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def make_share(self, token: str, path: str) -> str:
        """The ARN of an access point to `path` of a new file system, once it can be mounted.

        Who mounts through it acts as one fixed user, and sees nothing of the file system but that folder.
        """
        file_system = self._efs.create_file_system(CreationToken=token, Encrypted=True)["FileSystemId"]
        await_that(f"{file_system} is available", lambda: _state(self._file_system(file_system)) == "available")
        owner = {"OwnerUid": POSIX_USER["Uid"], "OwnerGid": POSIX_USER["Gid"], "Permissions": "0750"}
        point = self._efs.create_access_point(
            ClientToken=token,
            FileSystemId=file_system,
            PosixUser=POSIX_USER,
            RootDirectory={"Path": path, "CreationInfo": owner},
        )
        target = self._efs.create_mount_target(
            FileSystemId=file_system, SubnetId=self.subnet, SecurityGroups=[self.security_group]
        )["MountTargetId"]
        await_that(f"{target} is available", lambda: _state(self._mount_target(target)) == "available")
        self._shares.append((file_system, point["AccessPointId"], target))
        return str(point["AccessPointArn"])

    def _file_system(self, name: str) -> Mapping[str, Any]:
        return dict(self._efs.describe_file_systems(FileSystemId=name)["FileSystems"][0])

    def _mount_target(self, name: str) -> Mapping[str, Any]:
        return dict(self._efs.describe_mount_targets(MountTargetId=name)["MountTargets"][0])

    def remove(self) -> None:
        """With all files. It may take long on AWS, see PATIENCE_SECONDS."""
        for file_system, point, target in self._shares:
            self._efs.delete_access_point(AccessPointId=point)
            self._efs.delete_mount_target(MountTargetId=target)
            _once_free(partial(self._efs.delete_file_system, FileSystemId=file_system))
        self._ec2.delete_vpc_endpoints(VpcEndpointIds=self._endpoints)
        _once_free(lambda: self._ec2.delete_security_group(GroupId=self.security_group))
        self._ec2.disassociate_route_table(AssociationId=self._association["AssociationId"])
        _once_free(lambda: self._ec2.delete_route_table(RouteTableId=self._routes))
        _once_free(lambda: self._ec2.delete_subnet(SubnetId=self.subnet))
        _once_free(lambda: self._ec2.delete_vpc(VpcId=self.vpc))


def _state(described: Mapping[str, Any]) -> str:
    return str(described["LifeCycleState"])


def _once_free(remove: Callable[[], Any]) -> None:
    """Again and again, while something that is being removed still uses it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            remove()
            return
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("DependencyViolation", "FileSystemInUse"):
                raise
            if time.monotonic() > deadline:
                raise
        time.sleep(1)
