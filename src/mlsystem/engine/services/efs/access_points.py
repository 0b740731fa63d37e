"""Access points: a folder of a file system, and as whom it is used.

The user is recorded: on one machine every program runs as the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.efs.file_system import AccessPoint, FileSystem, LifeMachine
from mlsystem.engine.services.efs.finding import (
    TOKEN_PAGES,
    read_tags,
    require_access_point,
    require_file_system,
    show_tags,
)
from mlsystem.engine.store.database import Transaction


class AccessPoints(Part):
    """CreateAccessPoint, DescribeAccessPoints, DeleteAccessPoint; tags of these and of file systems."""

    def __init__(self, house: House):
        self._house = house
        self._machine = LifeMachine(AccessPoint)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {
            "efs.access_point.prepare": self._prepare,
            "efs.access_point.clear": lambda _: Event("cleared"),
        }

    @operation("CreateAccessPoint", accepts="ClientToken Tags FileSystemId PosixUser RootDirectory")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        file_system = require_file_system(call.tx, request["FileSystemId"])
        for known in call.tx.all(AccessPoint, parent=file_system.key):
            if known.settings["ClientToken"] == request["ClientToken"]:
                return self._describe(known)
        names = ("ClientToken", "PosixUser", "RootDirectory")
        record = AccessPoint(
            key=f"fsap-{self._house.new_id(17)}",
            parent=file_system.key,
            settings={name: request[name] for name in names if name in request},
            tags=read_tags(request),
        )
        if ".." in record.path.split("/"):
            raise AwsError("BadRequest", f"The path {record.path!r} must not contain '..'.", status=400)
        step = self._machine.begin(record)
        record = call.tx.add(record)
        self._house.worker.commit_step(call.tx, record, step)
        return self._describe(require_access_point(call.tx, record.key))

    @operation("DescribeAccessPoints", accepts="MaxResults NextToken AccessPointId FileSystemId")
    def describe(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        if "AccessPointId" in request:
            found = [require_access_point(call.tx, request["AccessPointId"])]
        elif "FileSystemId" in request:
            found = call.tx.all(AccessPoint, parent=require_file_system(call.tx, request["FileSystemId"]).key)
        else:
            found = call.tx.all(AccessPoint)
        return TOKEN_PAGES.page(found, request, "AccessPoints", by_creation, self._describe)

    @operation("DeleteAccessPoint", accepts="AccessPointId")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_access_point(call.tx, request["AccessPointId"])
        self._house.worker.send(call.tx, AccessPoint, record.key, Event("delete_requested"))
        return {}

    # ------------------------------------------------------------------ tags
    @operation("TagResource", accepts="ResourceId Tags")
    def tag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = self._tagged(call.tx, request["ResourceId"])
        call.tx.put(record.changed(tags={**record.tags, **read_tags(request)}))
        return {}

    @operation("UntagResource", accepts="ResourceId TagKeys")
    def untag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = self._tagged(call.tx, request["ResourceId"])
        kept = {key: value for key, value in record.tags.items() if key not in request["TagKeys"]}
        call.tx.put(record.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="ResourceId MaxResults NextToken")
    def list_tags(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        tags = self._tagged(call.tx, request["ResourceId"]).tags
        return TOKEN_PAGES.page(sorted(tags.items()), request, "Tags", lambda tag: (tag[0],), _tag)

    # ------------------------------------------------------------------ inner
    def _tagged(self, tx: Transaction, resource: str) -> AccessPoint | FileSystem:
        is_access_point = resource.rsplit("/", 1)[-1].startswith("fsap-")
        return require_access_point(tx, resource) if is_access_point else require_file_system(tx, resource)

    def _describe(self, record: AccessPoint) -> dict[str, Any]:
        return {
            "AccessPointId": record.key,
            "AccessPointArn": self._house.scope.arn("elasticfilesystem", f"access-point/{record.key}"),
            "FileSystemId": record.parent,
            "OwnerId": self._house.scope.account,
            "LifeCycleState": record.state,
            **record.settings,
            "RootDirectory": {"Path": "/", **record.settings.get("RootDirectory", {})},
            **show_tags(record.tags),
        }

    def _prepare(self, call: ActionCall) -> Event:
        with self._house.database.reading() as tx:
            record = tx.get(AccessPoint, call.owner_key)
        if record is not None:
            folder = self._house.folder.shares / record.parent / record.path.strip("/")
            folder.mkdir(parents=True, exist_ok=True)
        return Event("prepared")


def _tag(tag: tuple[str, str]) -> dict[str, str]:
    return {"Key": tag[0], "Value": tag[1]}
