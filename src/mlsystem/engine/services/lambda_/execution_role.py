"""What Lambda asks of a function's role for the function's sake: its way into a network, its mounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.permission import ANY, Requirement

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
INTERFACES = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
MOUNT = ("ClientMount", "ClientWrite")


def demand_network(house: House, configuration: Mapping[str, Any]) -> None:
    """A function in a network is connected by its role. Raises AwsError(InvalidParameterValueException)."""
    if not configuration.get("VpcConfig", {}).get("SubnetIds"):
        return
    principal = house.session_of(configuration["Role"], "awslambda", "lambda")
    for action in INTERFACES:
        try:
            house.demand("lambda", principal, Requirement(f"ec2:{action}", ANY))
        except AwsError as error:
            raise AwsError(
                "InvalidParameterValueException",
                f"The provided execution role does not have permissions to call {action} on EC2. {error.message}",
            ) from error


def demand_mount(house: House, role: str, file_system_id: str, access_point_arn: str) -> None:
    """Asked where the file system has a policy: without one EFS lets everybody in who reaches it. Raises AwsError.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-filesystem.html
    """
    try:
        house.call("efs", "DescribeFileSystemPolicy", {"FileSystemId": file_system_id})
    except AwsError as error:
        if error.code == "PolicyNotFound":
            return
        raise
    arn = house.scope.arn("elasticfilesystem", f"file-system/{file_system_id}")
    key = {"elasticfilesystem:accesspointarn": (access_point_arn,)}
    wanted = [Requirement(f"elasticfilesystem:{action}", arn, key) for action in MOUNT]
    house.demand("efs", house.session_of(role, "awslambda", "lambda"), *wanted)
