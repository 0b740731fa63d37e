"""Finds file systems and their parts, and lists them in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.efs.file_system import AccessPoint, FileSystem, MountTarget
from mlsystem.engine.store.database import Transaction


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


def page(
    items: Sequence[Mapping[str, Any]],
    request: Mapping[str, Any],
    result: str,
    token: str = "Marker",  # noqa: S107 (the name of a member)
    next_token: str = "NextMarker",  # noqa: S107
    size: str = "MaxItems",
) -> dict[str, Any]:
    """The token is the number of items given out before."""
    given = request.get(token) or "0"
    if not given.isdecimal():
        raise AwsError("BadRequest", f"The {token} {given!r} is not one that was given out.", status=400)
    start, count = int(given), int(request.get(size, 100))
    response: dict[str, Any] = {result: list(items[start : start + count])}
    return {**response, next_token: str(start + count)} if start + count < len(items) else response


def read_tags(request: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def show_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags, and the name that is one of them."""
    shown: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    return {**shown, "Name": tags["Name"]} if "Name" in tags else shown
