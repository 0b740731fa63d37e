"""Aliases of keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_key
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.kms.alias import Alias, check_name
from mlsystem.engine.services.kms.directory import Directory
from mlsystem.engine.services.kms.key import DELETED, KeyState, Manager
from mlsystem.engine.services.kms.page import take_page
from mlsystem.engine.store.database import AlreadyExists, Transaction

if TYPE_CHECKING:
    from types_boto3_kms.type_defs import (
        CreateAliasRequestTypeDef,
        DeleteAliasRequestTypeDef,
        ListAliasesRequestTypeDef,
        UpdateAliasRequestTypeDef,
    )

# The services whose rooms encrypt by a key that AWS manages, when the user names none.
SERVICES_WITH_KEYS = ("s3", "secretsmanager")


class Aliases(Part):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""

    def __init__(self, directory: Directory):
        self._directory = directory

    def start(self) -> None:
        """Make the keys that AWS manages, where this data folder has none yet."""
        with self._directory.house.database.transaction() as tx:
            for service in SERVICES_WITH_KEYS:
                name = f"alias/aws/{service}"
                if tx.get(Alias, name) is None:
                    described = f"Default key that protects my {service} data when no other key is defined"
                    key = tx.add(self._directory.new_key(described, manager=Manager.AWS))
                    tx.add(Alias(key=name, parent=key.key, arn=self._directory.arn(name)))

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {DELETED: self._on_key_deleted}

    def _on_key_deleted(self, tx: Transaction, topic: str, data: Json) -> None:
        for alias in tx.all(Alias, parent=data["KeyId"]):
            tx.remove(Alias, alias.key)
        # Of the key's material nothing may be left: what it sealed is lost.
        tx.after_commit(self._directory.house.database.forget_removed)

    @operation("CreateAlias", accepts="AliasName TargetKeyId")
    def create_alias(self, request: CreateAliasRequestTypeDef, call: Call) -> dict[str, object]:
        name = request["AliasName"]
        check_name(name)
        target = self._target(call.tx, request["TargetKeyId"])
        arn = self._directory.arn(name)
        try:
            call.tx.add(Alias(key=name, parent=target, arn=arn))
        except AlreadyExists as error:
            raise AwsError("AlreadyExistsException", f"An alias with the name {arn} already exists") from error
        return {}

    @operation("UpdateAlias", accepts="AliasName TargetKeyId")
    def update_alias(self, request: UpdateAliasRequestTypeDef, call: Call) -> dict[str, object]:
        alias = self._find(call.tx, request["AliasName"])
        call.tx.put(alias.changed(parent=self._target(call.tx, request["TargetKeyId"])))
        return {}

    @operation("DeleteAlias", accepts="AliasName")
    def delete_alias(self, request: DeleteAliasRequestTypeDef, call: Call) -> dict[str, object]:
        call.tx.remove(Alias, self._find(call.tx, request["AliasName"]).key)
        return {}

    @operation("ListAliases", accepts="KeyId Limit Marker")
    def list_aliases(self, request: ListAliasesRequestTypeDef, call: Call) -> dict[str, object]:
        target = self._directory.find(call.tx, request["KeyId"]).key if request.get("KeyId") else None
        found = sorted(call.tx.all(Alias, parent=target), key=lambda alias: alias.key)
        page, more = take_page(found, request, 50, by_key)
        return {"Aliases": [_entry(alias) for alias in page], **more}

    def _find(self, tx: Transaction, name: str) -> Alias:
        check_name(name)
        alias = tx.get(Alias, name)
        if alias is None:
            raise AwsError("NotFoundException", f"Alias {self._directory.arn(name)} is not found.")
        return alias

    def _target(self, tx: Transaction, name: str) -> str:
        key = self._directory.find_customers(tx, name)
        if key.state == KeyState.PENDING_DELETION:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return key.key


def _entry(alias: Alias) -> dict[str, object]:
    return {
        "AliasName": alias.key,
        "AliasArn": alias.arn,
        "TargetKeyId": alias.parent,
        "CreationDate": datetime.fromtimestamp(alias.created_at, UTC),
        "LastUpdatedDate": datetime.fromtimestamp(alias.updated_at, UTC),
    }
