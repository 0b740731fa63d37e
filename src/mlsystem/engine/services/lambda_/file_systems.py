"""Mounts of EFS access points into functions, with the errors that Lambda has for those that cannot be mounted.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.process import Mount
from mlsystem.engine.services.lambda_.execution_role import demand_mount

# For tests, as race points are: the file `<shares>/<file system>.unresponsive` holds how many mounts of it are still to time out.
UNRESPONSIVE = ".unresponsive"


def mounts(house: House, configuration: Mapping[str, Any]) -> Iterator[Mount]:
    """Raises AwsError: EFSMountFailureException, EFSMountConnectivityException, EFSMountTimeoutException."""
    for wanted in configuration.get("FileSystemConfigs", ()):
        folder = _folder(house, wanted["Arn"], configuration["Role"])
        folder.mkdir(parents=True, exist_ok=True)
        yield Mount(folder, wanted["LocalMountPath"], read_only=False)


def _folder(house: House, access_point_arn: str, role: str) -> Path:
    access_point_id = access_point_arn.rsplit("/", 1)[-1]
    try:
        found = house.call("efs", "DescribeAccessPoints", {"AccessPointId": access_point_id})["AccessPoints"][0]
        demand_mount(house, role, found["FileSystemId"], access_point_arn)
        targets = house.call("efs", "DescribeMountTargets", {"FileSystemId": found["FileSystemId"]})["MountTargets"]
    except AwsError as error:
        raise AwsError(
            "EFSMountFailureException",
            f"The function couldn't mount the Amazon EFS file system of {access_point_arn}: {error.message}",
            status=403,
            fields={"Type": "User"},
        ) from error
    if not any(target["LifeCycleState"] == "available" for target in targets):
        raise AwsError(
            "EFSMountConnectivityException",
            f"The function couldn't connect to the Amazon EFS file system with access point {access_point_arn}: it has no "
            "mount target that is available.",
            status=408,
            fields={"Type": "User"},
        )
    file_system: Path = house.folder.shares / found["FileSystemId"]
    _await_answer(file_system, access_point_arn)
    path: str = found.get("RootDirectory", {}).get("Path", "/")
    return file_system / path.strip("/")


def _await_answer(file_system: Path, access_point_arn: str) -> None:
    counter = file_system.with_name(file_system.name + UNRESPONSIVE)
    left = int(counter.read_text()) if counter.exists() else 0
    if left > 0:
        counter.write_text(str(left - 1))
        raise AwsError(
            "EFSMountTimeoutException",
            f"The function couldn't mount the Amazon EFS file system with access point {access_point_arn} due to mount time out.",
            status=408,
            fields={"Type": "User"},
        )
