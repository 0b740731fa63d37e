"""Who signed a request: from the access key to the principal behind it."""

from __future__ import annotations

import hmac

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.front.signature import read_signature, verify
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.keys import AccessKey, KeyRing
from mlsystem.engine.store.remembered import Remembered


class Authenticator:
    """Verifies signatures against the keys of this data folder."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock, scope: Scope):
        self._database = database
        self._keys = keys
        self._clock = clock
        self._scope = scope
        self._known = Remembered(AccessKey, _read)

    def authenticate(self, request: HttpRequest) -> tuple[Principal, str]:
        """The principal and the signing name of the service. Raises AwsError when there is no valid signature of a known key."""
        signature = read_signature(request)
        key = self._known.now(self._database, signature.access_key_id)
        if key is None:
            raise AwsError(
                "InvalidClientTokenId",
                f"The access key {signature.access_key_id} is not one of this engine: `mlsystem env` prints the right settings.",
                status=403,
            )
        now = self._clock.now()
        credentials = self._keys.credentials(key.key, key.expires_at)
        if key.expires_at is not None:
            if key.expires_at < now:
                raise AwsError("ExpiredToken", "The security token included in the request is expired.", status=403)
            if not hmac.compare_digest(signature.token or "", credentials.token or ""):
                raise AwsError(
                    "InvalidClientTokenId", "The security token included in the request is invalid.", status=403
                )
        if signature.region != self._scope.region and not signature.is_version_2:
            raise AwsError(
                "AuthorizationHeaderMalformed",
                f"This engine plays the region {self._scope.region}, the request is signed for {signature.region}.",
                status=400,
            )
        verify(request, signature, credentials.secret_access_key, now)
        return Principal(key.principal, key.account), signature.service


def _read(tx: Transaction, key_id: str) -> AccessKey | None:
    return tx.get(AccessKey, key_id)
