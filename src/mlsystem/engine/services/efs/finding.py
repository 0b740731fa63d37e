"""Finds file systems and their parts, and lists them in pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging
from mlsystem.engine.services.efs.file_system import AccessPoint, FileSystem, MountTarget
from mlsystem.engine.store.database import Transaction

PAGES = Paging(100, "MaxItems", "Marker", "NextMarker")
TOKEN_PAGES = Paging(100)


def require_file_system(tx: Transaction, file_system_id: str) -> FileSystem:
    """By id or ARN."""
    found = tx.get(FileSystem, file_system_id.rsplit("/", 1)[-1])
    if found is None:
        raise AwsError("FileSystemNotFound", f"File system '{file_system_id}' does not exist.", status=404)
    return found


def require_access_point(tx: Transaction, access_point_id: str) -> AccessPoint:
    """By id or ARN."""
    found = tx.get(AccessPoint, access_point_id.rsplit("/", 1)[-1])
    if found is None:
        raise AwsError("AccessPointNotFound", f"Access point {access_point_id} does not exist.", status=404)
    return found


def require_mount_target(tx: Transaction, mount_target_id: str) -> MountTarget:
    found = tx.get(MountTarget, mount_target_id)
    if found is None:
        raise AwsError("MountTargetNotFound", f"Mount target '{mount_target_id}' does not exist.", status=404)
    return found


def read_tags(request: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def show_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags, and the name that is one of them."""
    shown: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    return {**shown, "Name": tags["Name"]} if "Name" in tags else shown
