"""AWS::EFS::FileSystem, AWS::EFS::MountTarget, AWS::EFS::AccessPoint."""

from __future__ import annotations

import json
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import retag, tag_list, tagged

# Properties that have operations of their own.
LATER = ("BackupPolicy", "FileSystemPolicy", "LifecyclePolicies", "FileSystemTags")


def _file_system_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {name: value for name, value in properties.items() if name not in LATER}
    request["CreationToken"] = site.made_up_name(64)
    return tagged(request, "Tags", tag_list(site, properties, "FileSystemTags"))


def _configure(site: Site, file_system: str, properties: Properties) -> None:
    if "BackupPolicy" in properties:
        site.call("efs", "PutBackupPolicy", {"FileSystemId": file_system, "BackupPolicy": properties["BackupPolicy"]})
    if "FileSystemPolicy" in properties:
        policy = json.dumps(properties["FileSystemPolicy"])
        site.call("efs", "PutFileSystemPolicy", {"FileSystemId": file_system, "Policy": policy})
    if "LifecyclePolicies" in properties:
        request = {"FileSystemId": file_system, "LifecyclePolicies": properties["LifecyclePolicies"]}
        site.call("efs", "PutLifecycleConfiguration", coerced("efs", "PutLifecycleConfiguration", request))


def _is_settled(noun: str, member: str, id_member: str) -> Any:
    """Whether what Describe<noun>s tells of it says that it is there, or that it is gone."""

    def settled(site: Site, verb: str, physical_id: str) -> bool:
        found = site.call("efs", f"Describe{noun}s", {id_member: physical_id})[member]
        state = found[0]["LifeCycleState"] if found else "deleted"
        if state == "error":
            raise AwsError("IncorrectFileSystemLifeCycleState", f"{physical_id} is in the state error")
        return bool(state == ("deleted" if verb == "delete" else "available"))

    return settled


def _change_file_system(site: Site, file_system: str, old: Properties, new: Properties) -> None:
    _configure(site, file_system, new)
    _retag(site, file_system, old, new, "FileSystemTags")


def _retag(site: Site, key: str, old: Properties, new: Properties, member: str) -> None:
    tags = {"ResourceId": key, "Tags": tag_list(site, new, member)}
    retag(
        site,
        old,
        new,
        tag=lambda _tags: site.call("efs", "TagResource", tags),
        untag=lambda gone: site.call("efs", "UntagResource", {"ResourceId": key, "TagKeys": gone}),
        member=member,
    )


FILE_SYSTEM = ApiType(
    name="AWS::EFS::FileSystem",
    service="efs",
    create_operation="CreateFileSystem",
    delete_operation="DeleteFileSystem",
    properties=frozenset({"Encrypted", "KmsKeyId", "PerformanceMode", "ThroughputMode", *LATER}),
    attributes=frozenset({"Arn", "FileSystemId"}),
    immutable=frozenset({"Encrypted", "KmsKeyId", "PerformanceMode"}),
    arguments=_file_system_arguments,
    identify=lambda answer, _request: str(answer["FileSystemId"]),
    describe=lambda site, file_system: {
        "Arn": site.house.scope.arn("elasticfilesystem", f"file-system/{file_system}"),
        "FileSystemId": file_system,
    },
    delete_request=lambda file_system, _properties: {"FileSystemId": file_system},
    change=_change_file_system,
    finish=_configure,
    is_settled=_is_settled("FileSystem", "FileSystems", "FileSystemId"),
)

MOUNT_TARGET = ApiType(
    name="AWS::EFS::MountTarget",
    service="efs",
    create_operation="CreateMountTarget",
    delete_operation="DeleteMountTarget",
    properties=frozenset({"FileSystemId", "IpAddress", "SecurityGroups", "SubnetId"}),
    required=frozenset({"FileSystemId", "SecurityGroups", "SubnetId"}),
    attributes=frozenset({"Id", "IpAddress"}),
    identify=lambda answer, _request: str(answer["MountTargetId"]),
    describe=lambda site, target: {"Id": target, "IpAddress": _mount_target(site, target).get("IpAddress", "")},
    delete_request=lambda target, _properties: {"MountTargetId": target},
    is_settled=_is_settled("MountTarget", "MountTargets", "MountTargetId"),
)


def _mount_target(site: Site, target: str) -> dict[str, Any]:
    return dict(site.call("efs", "DescribeMountTargets", {"MountTargetId": target})["MountTargets"][0])


def _access_point_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {name: value for name, value in properties.items() if name != "AccessPointTags"}
    request["ClientToken"] = site.made_up_name(64)
    return tagged(request, "Tags", tag_list(site, properties, "AccessPointTags"))


ACCESS_POINT = ApiType(
    name="AWS::EFS::AccessPoint",
    service="efs",
    create_operation="CreateAccessPoint",
    delete_operation="DeleteAccessPoint",
    properties=frozenset({"FileSystemId", "PosixUser", "RootDirectory", "AccessPointTags"}),
    required=frozenset({"FileSystemId"}),
    attributes=frozenset({"AccessPointId", "Arn"}),
    immutable=frozenset({"FileSystemId", "PosixUser", "RootDirectory"}),
    change=lambda site, point, old, new: _retag(site, point, old, new, "AccessPointTags"),
    arguments=_access_point_arguments,
    identify=lambda answer, _request: str(answer["AccessPointId"]),
    describe=lambda site, point: {
        "AccessPointId": point,
        "Arn": site.house.scope.arn("elasticfilesystem", f"access-point/{point}"),
    },
    delete_request=lambda point, _properties: {"AccessPointId": point},
    is_settled=_is_settled("AccessPoint", "AccessPoints", "AccessPointId"),
)

TYPES = (FILE_SYSTEM, MOUNT_TARGET, ACCESS_POINT)
