"""Access keys: who is behind which, and how their secrets come about.

A secret is derived from the folder's master key and the key's id, so no table holds secrets, and a session's token cannot be
guessed from its id.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import ClassVar

from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.master_key import master_key
from mlsystem.engine.store.records import Record


class AccessKey(Record):
    """`key` is the access key id; `principal` the ARN it stands for; `expires_at` None for a long-term key."""

    kind: ClassVar[str] = "sts.access_key"
    principal: str
    account: str
    expires_at: float | None = None


@dataclass(frozen=True)
class Credentials:
    """What a client needs to sign. `token` is None for a long-term key."""

    access_key_id: str
    secret_access_key: str
    token: str | None
    expires_at: float | None


class KeyRing:
    """Issues access keys and finds them again."""

    def __init__(self, database: Database):
        """Raises StartupError where the master key is missing."""
        self._master = bytes.fromhex(master_key(database))

    def issue(self, tx: Transaction, principal: str, account: str, expires_at: float | None) -> Credentials:
        """A new key; it counts as soon as the transaction has committed."""
        prefix = "AKIA" if expires_at is None else "ASIA"
        key_id = prefix + base64.b32encode(secrets.token_bytes(10)).decode()
        tx.add(AccessKey(key=key_id, principal=principal, account=account, expires_at=expires_at))
        return self.credentials(key_id, expires_at)

    def credentials(self, key_id: str, expires_at: float | None = None) -> Credentials:
        token = None if expires_at is None else self._derive(f"token:{key_id}", 48)
        return Credentials(key_id, self._derive(f"secret:{key_id}", 30), token, expires_at)

    def prune(self, tx: Transaction) -> None:
        """Forget keys that have expired."""
        for key in tx.all(AccessKey, prefix="ASIA"):
            if key.expires_at is not None and key.expires_at < tx.now:
                tx.remove(AccessKey, key.key)

    def folder_key(self, purpose: str) -> bytes:
        """A 256-bit key of this data folder, for encryption at rest; another one for each purpose."""
        return self._digest(f"key:{purpose}")[:32]

    def _derive(self, purpose: str, length: int) -> str:
        return base64.b64encode(self._digest(purpose)[:length]).decode()

    def _digest(self, purpose: str) -> bytes:
        return hmac.digest(self._master, purpose.encode(), "sha512")
