"""Mount targets: without one that is available nobody can mount the file system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionHandler
from mlsystem.engine.services.efs.file_system import LifeCycle, LifeMachine, MountTarget
from mlsystem.engine.services.efs.finding import PAGES, require_access_point, require_file_system, require_mount_target
from mlsystem.engine.store.database import Transaction


class MountTargets(Part):
    """CreateMountTarget, DescribeMountTargets, DeleteMountTarget, and their security groups."""

    def __init__(self, house: House):
        self._house = house
        self._machine = LifeMachine(MountTarget)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {
            "efs.mount_target.prepare": lambda _: Event("prepared"),
            "efs.mount_target.clear": lambda _: Event("cleared"),
        }

    @operation("CreateMountTarget", accepts="FileSystemId SubnetId IpAddress SecurityGroups")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        file_system = require_file_system(call.tx, request["FileSystemId"])
        if file_system.state != LifeCycle.AVAILABLE:
            message = f"file system '{file_system.key}' is {file_system.state}"
            raise AwsError("IncorrectFileSystemLifeCycleState", message, status=409)
        subnet = self._subnet(request["SubnetId"])
        others = call.tx.all(MountTarget, parent=file_system.key)
        if any(other.settings["AvailabilityZoneName"] == subnet["AvailabilityZone"] for other in others):
            raise AwsError("MountTargetConflict", "mount target already exists in this AZ", status=409)
        record = MountTarget(
            key=f"fsmt-{self._house.new_id(17)}",
            parent=file_system.key,
            settings={
                "SubnetId": request["SubnetId"],
                "IpAddress": request.get("IpAddress", _address(subnet["CidrBlock"])),
                "SecurityGroups": request.get("SecurityGroups", []),
                "NetworkInterfaceId": f"eni-{self._house.new_id(17)}",
                "AvailabilityZoneName": subnet["AvailabilityZone"],
                "AvailabilityZoneId": subnet["AvailabilityZoneId"],
                "VpcId": subnet["VpcId"],
            },
        )
        step = self._machine.begin(record)
        record = call.tx.add(record)
        self._house.worker.commit_step(call.tx, record, step)
        return self._describe(require_mount_target(call.tx, record.key))

    @operation("DescribeMountTargets", accepts="MaxItems Marker FileSystemId MountTargetId AccessPointId")
    def describe(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        if "MountTargetId" in request:
            found = [require_mount_target(call.tx, request["MountTargetId"])]
        else:
            found = call.tx.all(MountTarget, parent=self._file_system_of(call.tx, request))
        return PAGES.page(found, request, "MountTargets", by_creation, self._describe)

    @operation("DeleteMountTarget", accepts="MountTargetId")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_mount_target(call.tx, request["MountTargetId"])
        self._house.worker.send(call.tx, MountTarget, record.key, Event("delete_requested"))
        return {}

    @operation("DescribeMountTargetSecurityGroups", accepts="MountTargetId")
    def security_groups(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return {"SecurityGroups": require_mount_target(call.tx, request["MountTargetId"]).settings["SecurityGroups"]}

    @operation("ModifyMountTargetSecurityGroups", accepts="MountTargetId SecurityGroups")
    def modify_security_groups(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_mount_target(call.tx, request["MountTargetId"])
        groups = request.get("SecurityGroups", [])
        call.tx.put(record.changed(settings={**record.settings, "SecurityGroups": groups}))
        return {}

    # ------------------------------------------------------------------ inner
    def _file_system_of(self, tx: Transaction, request: Mapping[str, Any]) -> str:
        if "AccessPointId" in request:
            return require_access_point(tx, request["AccessPointId"]).parent
        if "FileSystemId" not in request:
            raise AwsError("BadRequest", "Give one of FileSystemId, MountTargetId and AccessPointId.", status=400)
        return require_file_system(tx, request["FileSystemId"]).key

    def _subnet(self, subnet_id: str) -> dict[str, Any]:
        try:
            subnets: list[dict[str, Any]] = self._house.call("ec2", "DescribeSubnets", {"SubnetIds": [subnet_id]})[
                "Subnets"
            ]
        except AwsError as error:
            message = f"The subnet ID '{subnet_id}' does not exist"
            raise AwsError("SubnetNotFound", message, status=400) from error
        return subnets[0]

    def _describe(self, record: MountTarget) -> dict[str, Any]:
        shown = {name: value for name, value in record.settings.items() if name != "SecurityGroups"}
        return {
            "OwnerId": self._house.scope.account,
            "MountTargetId": record.key,
            "FileSystemId": record.parent,
            "LifeCycleState": record.state,
            **shown,
        }


def _address(block: str) -> str:
    """An address of the subnet; AWS keeps the first four for itself."""
    first = block.split("/", maxsplit=1)[0].rsplit(".", 1)[0]
    return f"{first}.10"
