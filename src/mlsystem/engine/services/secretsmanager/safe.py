"""Finds secrets, and seals and opens their values through the kms room."""

from __future__ import annotations

import secrets
import string
from dataclasses import replace

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.secretsmanager.secret import Secret, SecretState, SecretVersion, not_found
from mlsystem.engine.store.cipher import open_key, seal_key
from mlsystem.engine.store.database import Transaction

USUAL_KEY = "alias/aws/secretsmanager"
SUFFIX_LENGTH = 6
LONGEST_BYTES = 65_536


class Safe:
    """See the module."""

    def __init__(self, house: House):
        self.house = house

    def new_arn(self, name: str) -> str:
        """Six random characters keep a secret made anew apart from one of the same name that was deleted."""
        letters = string.ascii_letters + string.digits
        suffix = "".join(secrets.choice(letters) for _ in range(SUFFIX_LENGTH))
        return self.house.scope.arn("secretsmanager", f"secret:{name}-{suffix}")

    def find(self, tx: Transaction, secret_id: str) -> Secret:
        """By name or ARN, which may lack its random suffix. Raises AwsError(ResourceNotFoundException)."""
        if not secret_id.startswith("arn:"):
            secret = tx.get(Secret, secret_id)
        else:
            name = secret_id.removeprefix(self.house.scope.arn("secretsmanager", "secret:"))
            secret = tx.get(Secret, name[: -(SUFFIX_LENGTH + 1)]) or tx.get(Secret, name)
            if secret is not None and secret_id not in (secret.arn, secret.arn[: -(SUFFIX_LENGTH + 1)]):
                secret = None
        if secret is None:
            raise not_found()
        return secret

    def find_active(self, tx: Transaction, secret_id: str) -> Secret:
        """Raises AwsError(InvalidRequestException) for one that is marked for deletion, too."""
        secret = self.find(tx, secret_id)
        if secret.state == SecretState.DELETED:
            raise AwsError(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )
        return secret

    # ------------------------------------------------------------------ values
    def seal(
        self, secret: Secret, version_id: str, value: bytes, is_binary: bool, principal: Principal, at: float
    ) -> SecretVersion:
        """A version without labels. Raises AwsError when KMS refuses."""
        if not 0 < len(value) <= LONGEST_BYTES:
            raise AwsError(
                "InvalidParameterException", f"A secret value has 1 to {LONGEST_BYTES} bytes, not {len(value)}."
            )
        request = {
            "KeyId": secret.kms_key_id or USUAL_KEY,
            "KeySpec": "AES_256",
            "EncryptionContext": self._context(secret, version_id),
        }
        made = self.house.call("kms", "GenerateDataKey", request, replace(principal, via="secretsmanager"))
        return SecretVersion(
            id=version_id,
            stages=(),
            is_binary=is_binary,
            sealed_hex=seal_key(made["Plaintext"], value, f"{secret.arn}/{version_id}").hex(),
            data_key_hex=made["CiphertextBlob"].hex(),
            created_at=at,
        )

    def open(self, secret: Secret, version: SecretVersion, principal: Principal) -> bytes:
        """Raises AwsError when KMS refuses."""
        request = {
            "CiphertextBlob": bytes.fromhex(version.data_key_hex),
            "EncryptionContext": self._context(secret, version.id),
        }
        key = self.house.call("kms", "Decrypt", request, replace(principal, via="secretsmanager"))["Plaintext"]
        return open_key(key, bytes.fromhex(version.sealed_hex), f"{secret.arn}/{version.id}")

    def _context(self, secret: Secret, version_id: str) -> dict[str, str]:
        return {"SecretARN": secret.arn, "SecretVersionId": version_id}
