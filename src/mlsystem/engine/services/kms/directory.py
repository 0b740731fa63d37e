"""Finds keys by all the names that KMS takes for them, and opens their material."""

from __future__ import annotations

import secrets
import uuid

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.kms.alias import PREFIX, Alias
from mlsystem.engine.services.kms.key import Key, KeyState, Manager, Material
from mlsystem.engine.store.cipher import KEY_BYTES, open_key, seal_key
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.keys import KeyRing

MATERIAL_ID_BYTES = 32


class Directory:
    """See the module."""

    def __init__(self, house: House, keys: KeyRing):
        self.house = house
        self._folder_key = keys.folder_key("kms")

    def arn(self, resource: str) -> str:
        return self.house.scope.arn("kms", resource)

    def find(self, tx: Transaction, name: str) -> Key:
        """By key id, key ARN, alias name or alias ARN. Raises AwsError(NotFoundException)."""
        local = name.removeprefix(self.arn("")) if name.startswith("arn:") else name
        if local.startswith("arn:"):
            raise AwsError("NotFoundException", f"Invalid arn {name}: this engine plays {self.arn('*')}")
        if local.startswith(PREFIX):
            alias = tx.get(Alias, local)
            if alias is None:
                raise AwsError("NotFoundException", f"Alias {self.arn(local)} is not found.")
            local = alias.parent
        key = tx.get(Key, local.removeprefix("key/"))
        if key is None:
            raise AwsError("NotFoundException", f"Key '{self.arn('key/' + local.removeprefix('key/'))}' does not exist")
        return key

    def find_customers(self, tx: Transaction, name: str) -> Key:
        """For changes. Raises AwsError for a key that AWS manages, too."""
        if name.startswith(PREFIX) or f":{PREFIX}" in name:
            raise AwsError("ValidationException", f"{name} is an alias: this operation takes a key id or key ARN.")
        key = self.find(tx, name)
        if key.manager == Manager.AWS:
            raise AwsError("AccessDeniedException", f"{key.arn} is managed by AWS and cannot be changed.", 400)
        return key

    def find_usable(self, tx: Transaction, name: str) -> Key:
        """For encrypting and decrypting. Raises AwsError for a key in the wrong state, too."""
        key = self.find(tx, name)
        if key.state == KeyState.DISABLED:
            raise AwsError("DisabledException", f"{key.arn} is disabled.")
        if key.state == KeyState.PENDING_DELETION:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return key

    # ------------------------------------------------------------------ material
    def new_key(self, description: str = "", policy: str = "", manager: Manager = Manager.CUSTOMER) -> Key:
        """A new enabled key, not written yet."""
        key_id = str(uuid.uuid4())
        return Key(
            key=key_id,
            state=KeyState.ENABLED,
            arn=self.arn(f"key/{key_id}"),
            manager=manager,
            description=description,
            policy=policy,
            materials=(self.new_material(key_id),),
        )

    def new_material(self, key_id: str, rotation: str = "") -> Material:
        material_id = secrets.token_hex(MATERIAL_ID_BYTES)
        sealed = seal_key(self._folder_key, secrets.token_bytes(KEY_BYTES), f"{key_id}/{material_id}")
        return Material(id=material_id, sealed_hex=sealed.hex(), made_at=0.0, rotation=rotation)

    def open(self, key: Key, material: Material) -> bytes:
        return open_key(self._folder_key, bytes.fromhex(material.sealed_hex), f"{key.key}/{material.id}")
