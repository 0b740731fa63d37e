"""Rotation: new key material by calendar or on demand.

What the old material encrypted it goes on decrypting. https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.kms.directory import Directory
from mlsystem.engine.services.kms.key import MAKE_MATERIAL, SECONDS_A_DAY, Key, KeyState
from mlsystem.engine.services.kms.page import take_page
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_kms.type_defs import (
        DisableKeyRotationRequestTypeDef,
        EnableKeyRotationRequestTypeDef,
        GetKeyRotationStatusRequestTypeDef,
        ListKeyRotationsRequestTypeDef,
        RotateKeyOnDemandRequestTypeDef,
    )

USUAL_DAYS = 365
MOST_ON_DEMAND = 25


class Rotation(Part):
    """See the module."""

    def __init__(self, house: House, directory: Directory):
        self._house = house
        self._directory = directory

    def actions(self) -> Mapping[str, ActionHandler]:
        return {MAKE_MATERIAL: self._make_material}

    def _make_material(self, call: ActionCall) -> Event:
        material = self._directory.new_material(str(call.data["key"]), str(call.data["rotation"]))
        return Event("material_made", {"material": material.model_dump()})

    @operation("EnableKeyRotation", accepts="KeyId RotationPeriodInDays")
    def enable_key_rotation(self, request: EnableKeyRotationRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._find_enabled(call.tx, request["KeyId"])
        days = request.get("RotationPeriodInDays", key.rotation_days or USUAL_DAYS)
        rotates_at = call.now + days * SECONDS_A_DAY / self._house.clock.time_scale
        self._house.worker.send(
            call.tx, Key, key.key, Event("enable_rotation", {"days": days, "rotates_at": rotates_at})
        )
        return {}

    @operation("DisableKeyRotation", accepts="KeyId")
    def disable_key_rotation(self, request: DisableKeyRotationRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._find_enabled(call.tx, request["KeyId"])
        self._house.worker.send(call.tx, Key, key.key, Event("disable_rotation"))
        return {}

    @operation("RotateKeyOnDemand", accepts="KeyId")
    def rotate_key_on_demand(self, request: RotateKeyOnDemandRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._find_enabled(call.tx, request["KeyId"])
        if sum(material.rotation == "ON_DEMAND" for material in key.materials) >= MOST_ON_DEMAND:
            raise AwsError("LimitExceededException", f"{key.arn} was rotated on demand {MOST_ON_DEMAND} times already.")
        self._house.worker.send(call.tx, Key, key.key, Event("rotate_now"))
        return {"KeyId": key.key}

    @operation("GetKeyRotationStatus", accepts="KeyId")
    def get_key_rotation_status(self, request: GetKeyRotationStatusRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._directory.find(call.tx, request["KeyId"])
        status: dict[str, object] = {"KeyId": key.key, "KeyRotationEnabled": bool(key.rotation_days)}
        if key.rotation_days:
            status["RotationPeriodInDays"] = key.rotation_days
            status["NextRotationDate"] = datetime.fromtimestamp(key.rotates_at, UTC)
        return status

    @operation("ListKeyRotations", accepts="KeyId Limit Marker")
    def list_key_rotations(self, request: ListKeyRotationsRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._directory.find(call.tx, request["KeyId"])
        rotated = sorted((one for one in key.materials if one.rotation), key=lambda one: (one.made_at, one.id))
        page, more = take_page(rotated, request, 100, lambda one: (one.made_at, one.id))
        rotations = [
            {
                "KeyId": key.key,
                "KeyMaterialId": material.id,
                "RotationDate": datetime.fromtimestamp(material.made_at, UTC),
                "RotationType": material.rotation,
            }
            for material in page
        ]
        return {"Rotations": rotations, **more}

    def _find_enabled(self, tx: Transaction, name: str) -> Key:
        key = self._directory.find_customers(tx, name)
        if key.state == KeyState.DISABLED:
            raise AwsError("DisabledException", f"{key.arn} is disabled.")
        if key.state == KeyState.PENDING_DELETION:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return key
