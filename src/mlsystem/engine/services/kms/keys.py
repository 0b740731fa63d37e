"""Keys: create, describe, list, enable, disable, delete; their descriptions and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.services.kms.ciphers import SYMMETRIC_DEFAULT
from mlsystem.engine.services.kms.directory import Directory
from mlsystem.engine.services.kms.key import SECONDS_A_DAY, Key, KeyMachine, KeyState
from mlsystem.engine.services.kms.page import take_page
from mlsystem.engine.services.kms.policies import check_policy, default_policy

if TYPE_CHECKING:
    from types_boto3_kms.type_defs import (
        CancelKeyDeletionRequestTypeDef,
        CreateKeyRequestTypeDef,
        DescribeKeyRequestTypeDef,
        DisableKeyRequestTypeDef,
        EnableKeyRequestTypeDef,
        ListKeysRequestTypeDef,
        ListResourceTagsRequestTypeDef,
        ScheduleKeyDeletionRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
        UpdateKeyDescriptionRequestTypeDef,
    )

USUAL_WINDOW_DAYS = 30
WINDOW_DAYS = range(7, 31)
# What the engine makes, of all the kinds of keys there are.
ONLY = {
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeySpec": SYMMETRIC_DEFAULT,
    "CustomerMasterKeySpec": SYMMETRIC_DEFAULT,
    "Origin": "AWS_KMS",
    "MultiRegion": False,
}


class Keys(Part):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"""

    def __init__(self, house: House, directory: Directory):
        self._house = house
        self._directory = directory

    def machines(self) -> Sequence[Machine[Any]]:
        return (KeyMachine(),)

    @operation("CreateKey", accepts=f"Policy Description Tags BypassPolicyLockoutSafetyCheck {' '.join(ONLY)}")
    def create_key(self, request: CreateKeyRequestTypeDef, call: Call) -> Mapping[str, object]:
        for member, supported in ONLY.items():
            if request.get(member, supported) != supported:
                raise NotImplementedHere(f"kms:CreateKey with {member} {request.get(member)}", f"{supported} is")
        policy = request.get("Policy") or default_policy(self._house)
        check_policy(policy)
        key = self._directory.new_key(request.get("Description", ""), policy)
        tags = {tag["TagKey"]: tag["TagValue"] for tag in request.get("Tags", [])}
        return {"KeyMetadata": self._metadata(call.tx.add(key.changed(tags=tags)))}

    @operation("DescribeKey", accepts="KeyId")
    def describe_key(self, request: DescribeKeyRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"KeyMetadata": self._metadata(self._directory.find(call.tx, request["KeyId"]))}

    @operation("ListKeys", accepts="Limit Marker")
    def list_keys(self, request: ListKeysRequestTypeDef, call: Call) -> Mapping[str, object]:
        page, more = take_page(call.tx.each(Key), request, 100, by_creation)
        return {"Keys": [{"KeyId": key.key, "KeyArn": key.arn} for key in page], **more}

    def _metadata(self, key: Key) -> Mapping[str, object]:
        metadata: dict[str, object] = {
            "AWSAccountId": self._house.scope.account,
            "KeyId": key.key,
            "Arn": key.arn,
            "CreationDate": datetime.fromtimestamp(key.created_at, UTC),
            "Enabled": key.state == KeyState.ENABLED,
            "Description": key.description,
            "KeyState": key.state,
            "KeyManager": key.manager,
            "EncryptionAlgorithms": [SYMMETRIC_DEFAULT],
            "CurrentKeyMaterialId": key.materials[-1].id,
            **ONLY,
        }
        if key.state == KeyState.PENDING_DELETION:
            metadata["DeletionDate"] = datetime.fromtimestamp(key.deleted_at, UTC)
        return metadata

    # ------------------------------------------------------------------ states
    @operation("EnableKey", accepts="KeyId")
    def enable_key(self, request: EnableKeyRequestTypeDef, call: Call) -> Mapping[str, object]:
        self._send_unless_pending(call, request["KeyId"], "enable")
        return {}

    @operation("DisableKey", accepts="KeyId")
    def disable_key(self, request: DisableKeyRequestTypeDef, call: Call) -> Mapping[str, object]:
        self._send_unless_pending(call, request["KeyId"], "disable")
        return {}

    def _send_unless_pending(self, call: Call, name: str, event: str) -> None:
        key = self._directory.find_customers(call.tx, name)
        if key.state == KeyState.PENDING_DELETION:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        self._house.worker.send(call.tx, Key, key.key, Event(event))

    @operation("ScheduleKeyDeletion", accepts="KeyId PendingWindowInDays")
    def schedule_key_deletion(self, request: ScheduleKeyDeletionRequestTypeDef, call: Call) -> Mapping[str, object]:
        key = self._directory.find_customers(call.tx, request["KeyId"])
        days = request.get("PendingWindowInDays", USUAL_WINDOW_DAYS)
        if days not in WINDOW_DAYS:
            raise AwsError("ValidationException", f"PendingWindowInDays is {days}, 7 to 30 are allowed.")
        if key.state == KeyState.PENDING_DELETION:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        deleted_at = call.now + days * SECONDS_A_DAY / self._house.clock.time_scale
        event = Event("schedule_deletion", {"days": days, "deleted_at": deleted_at})
        self._house.worker.send(call.tx, Key, key.key, event)
        return {
            "KeyId": key.arn,
            "DeletionDate": datetime.fromtimestamp(deleted_at, UTC),
            "KeyState": KeyState.PENDING_DELETION,
            "PendingWindowInDays": days,
        }

    @operation("CancelKeyDeletion", accepts="KeyId")
    def cancel_key_deletion(self, request: CancelKeyDeletionRequestTypeDef, call: Call) -> Mapping[str, object]:
        key = self._directory.find_customers(call.tx, request["KeyId"])
        if key.state != KeyState.PENDING_DELETION:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        self._house.worker.send(call.tx, Key, key.key, Event("cancel_deletion"))
        return {"KeyId": key.arn}

    # ------------------------------------------------------------------ description and tags
    @operation("UpdateKeyDescription", accepts="KeyId Description")
    def update_key_description(self, request: UpdateKeyDescriptionRequestTypeDef, call: Call) -> Mapping[str, object]:
        key = self._directory.find_customers(call.tx, request["KeyId"])
        call.tx.put(key.changed(description=request["Description"]))
        return {}

    @operation("TagResource", accepts="KeyId Tags")
    def tag_resource(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        key = self._directory.find_customers(call.tx, request["KeyId"])
        new = {tag["TagKey"]: tag["TagValue"] for tag in request["Tags"]}
        call.tx.put(key.changed(tags={**key.tags, **new}))
        return {}

    @operation("UntagResource", accepts="KeyId TagKeys")
    def untag_resource(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        key = self._directory.find_customers(call.tx, request["KeyId"])
        kept = {name: value for name, value in key.tags.items() if name not in request["TagKeys"]}
        call.tx.put(key.changed(tags=kept))
        return {}

    @operation("ListResourceTags", accepts="KeyId Limit Marker")
    def list_resource_tags(self, request: ListResourceTagsRequestTypeDef, call: Call) -> Mapping[str, object]:
        tags = self._directory.find(call.tx, request["KeyId"]).tags
        page, more = take_page(sorted(tags.items()), request, 50, lambda tag: (tag[0],))
        return {"Tags": [{"TagKey": name, "TagValue": value} for name, value in page], **more}
