"""File systems: folders below the engine's shares, with their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.access.kind import check_resource
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.program_files import remove_folder
from mlsystem.engine.services.efs.file_system import AccessPoint, FileSystem, LifeMachine, MountTarget
from mlsystem.engine.services.efs.finding import PAGES, read_tags, require_file_system, show_tags
from mlsystem.engine.store.database import Transaction

SETTINGS = "PerformanceMode Encrypted KmsKeyId ThroughputMode ProvisionedThroughputInMibps AvailabilityZoneName"


class FileSystems(Part):
    """CreateFileSystem, DescribeFileSystems, DeleteFileSystem, and the policies of file systems."""

    def __init__(self, house: House):
        self._house = house
        self._machine = LifeMachine(FileSystem)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"efs.file_system.prepare": self._prepare, "efs.file_system.clear": self._clear}

    @operation("CreateFileSystem", accepts=f"CreationToken Backup Tags {SETTINGS}")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        token = request["CreationToken"]
        for known in call.tx.all(FileSystem):
            if known.settings["CreationToken"] == token:
                message = f"File system '{known.key}' already exists with creation token '{token}'"
                raise AwsError("FileSystemAlreadyExists", message, status=409, fields={"FileSystemId": known.key})
        settings = {name: request[name] for name in SETTINGS.split() if name in request}
        record = FileSystem(
            key=f"fs-{self._house.new_id(17)}",
            settings={"CreationToken": token, **settings},
            tags=read_tags(request),
            backup="ENABLED" if request.get("Backup") else "DISABLED",
        )
        step = self._machine.begin(record)
        record = call.tx.add(record)
        self._house.worker.commit_step(call.tx, record, step)
        return self._describe(call.tx, require_file_system(call.tx, record.key))

    @operation("DescribeFileSystems", accepts="MaxItems Marker CreationToken FileSystemId")
    def describe(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        if "FileSystemId" in request:
            found = [require_file_system(call.tx, request["FileSystemId"])]
        else:
            token = request.get("CreationToken")
            found = [item for item in call.tx.all(FileSystem) if token in (None, item.settings["CreationToken"])]
        return PAGES.page(found, request, "FileSystems", by_creation, lambda item: self._describe(call.tx, item))

    @operation("DeleteFileSystem", accepts="FileSystemId")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_file_system(call.tx, request["FileSystemId"])
        if call.tx.all(MountTarget, parent=record.key):
            message = f"file system '{record.key}' has mount targets created in it"
            raise AwsError("FileSystemInUse", message, status=409)
        for point in call.tx.all(AccessPoint, parent=record.key):
            call.tx.remove(AccessPoint, point.key)
        self._house.worker.send(call.tx, FileSystem, record.key, Event("delete_requested"))
        return {}

    # ------------------------------------------------------------------ policies, recorded
    @operation("PutBackupPolicy", accepts="FileSystemId BackupPolicy")
    def put_backup(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_file_system(call.tx, request["FileSystemId"])
        call.tx.put(record.changed(backup=request["BackupPolicy"]["Status"]))
        return {"BackupPolicy": request["BackupPolicy"]}

    @operation("DescribeBackupPolicy", accepts="FileSystemId")
    def get_backup(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return {"BackupPolicy": {"Status": require_file_system(call.tx, request["FileSystemId"]).backup}}

    @operation("PutFileSystemPolicy", accepts="FileSystemId Policy BypassPolicyLockoutSafetyCheck")
    def put_policy(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_file_system(call.tx, request["FileSystemId"])
        try:
            check_resource(statements_of(request["Policy"], "file system policy"))
        except AwsError as error:
            raise AwsError("InvalidPolicyException", error.message) from error
        call.tx.put(record.changed(policy=request["Policy"]))
        return {"FileSystemId": record.key, "Policy": request["Policy"]}

    @operation("DescribeFileSystemPolicy", accepts="FileSystemId")
    def get_policy(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_file_system(call.tx, request["FileSystemId"])
        if record.policy is None:
            raise AwsError("PolicyNotFound", f"File system '{record.key}' has no policy.", status=404)
        return {"FileSystemId": record.key, "Policy": record.policy}

    @operation("DeleteFileSystemPolicy", accepts="FileSystemId")
    def delete_policy(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        call.tx.put(require_file_system(call.tx, request["FileSystemId"]).changed(policy=None))
        return {}

    @operation("PutLifecycleConfiguration", accepts="FileSystemId LifecyclePolicies")
    def put_lifecycle(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_file_system(call.tx, request["FileSystemId"])
        call.tx.put(record.changed(lifecycle=tuple(request["LifecyclePolicies"])))
        return {"LifecyclePolicies": request["LifecyclePolicies"]}

    @operation("DescribeLifecycleConfiguration", accepts="FileSystemId")
    def get_lifecycle(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return {"LifecyclePolicies": list(require_file_system(call.tx, request["FileSystemId"]).lifecycle)}

    # ------------------------------------------------------------------ inner
    def _describe(self, tx: Transaction, record: FileSystem) -> dict[str, Any]:
        return {
            "OwnerId": self._house.scope.account,
            "FileSystemId": record.key,
            "FileSystemArn": self._house.scope.arn("elasticfilesystem", f"file-system/{record.key}"),
            "CreationTime": datetime.fromtimestamp(record.created_at, UTC),
            "LifeCycleState": record.state,
            "NumberOfMountTargets": len(tx.all(MountTarget, parent=record.key)),
            "SizeInBytes": {"Value": 6144, "ValueInIA": 0, "ValueInStandard": 6144},
            "PerformanceMode": "generalPurpose",
            "ThroughputMode": "bursting",
            "Encrypted": False,
            **record.settings,
            **show_tags(record.tags),
        }

    def _prepare(self, call: ActionCall) -> Event:
        (self._house.folder.shares / call.owner_key).mkdir(exist_ok=True, mode=0o700)
        return Event("prepared")

    def _clear(self, call: ActionCall) -> Event:
        remove_folder(self._house.folder.shares / call.owner_key)
        return Event("cleared")
