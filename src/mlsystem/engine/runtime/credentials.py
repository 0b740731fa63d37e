"""Keys of roles for the programs that run here, the way SageMaker, CodeBuild and ECS hand them out.

A program is not given keys, which would end while it runs, but an address and a token of its own: AWS's SDKs fetch keys there, and new
ones before those end. The token tells process and role, and counts as long as the process runs; so none has to be kept or taken back.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import threading
from datetime import UTC, datetime

from mlsystem.engine.contract import CREDENTIALS_PATH, House
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.process import Mount, Running
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.keys import Credentials, KeyRing

LONGEST_SESSION_NAME = 64
# Where programs find the certificate of the door's authority, and the variables by which they are told to trust it.
AUTHORITY = "/run/mlsystem-ca.pem"
TRUSTING = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")


class WorkloadCredentials:
    """Thread-safe. `key_seconds` is how long keys count; who asks is given new ones when half of it is over."""

    def __init__(self, house: House, ring: KeyRing, runner: ProcessRunner, key_seconds: float):
        self._house = house
        self._ring = ring
        self._runner = runner
        self.key_seconds = key_seconds
        self._lock = threading.Lock()
        # By process: what it was given last, and until when it is given that again.
        self._given: dict[str, tuple[dict[str, str], float]] = {}

    def environment(self, process_id: str, role_arn: str, session: str) -> dict[str, str]:
        """For a program that has the door as its way out: where AWS is, and where the role's keys are. It needs `mounts`."""
        return {
            **self._place(self._house.inside_url),
            **self._trust(),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._house.inside_url}{CREDENTIALS_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token(process_id, role_arn, session),
        }

    def key_environment(self, role_arn: str, session: str) -> dict[str, str]:
        """For a program that is given keys themselves, and others in time, as Lambda does. It needs `mounts`."""
        return {
            **self._place(self._house.inside_url),
            **self._trust(),
            **self._keys(role_arn, session, self.key_seconds),
        }

    def host_environment(self, process_id: str, role_arn: str, session: str, seconds: float) -> dict[str, str]:
        """For a program on the machine's own network, which runs for `seconds` at most. It needs `mounts`.

        Its way to the engine is everybody's. Where that has TLS it is given keys themselves: AWS's SDKs ask for them without looking at
        `AWS_CA_BUNDLE`. To the authorities that it trusts for other servers nothing is added.
        """
        if not self._house.has_tls:
            return self.environment(process_id, role_arn, session)
        return {
            **self._place(self._house.door_url),
            "AWS_CA_BUNDLE": AUTHORITY,
            # For the engine's own repositories alone.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self._house.door_url}/.sslCAInfo",
            "GIT_CONFIG_VALUE_0": AUTHORITY,
            **self._keys(role_arn, session, max(seconds, self.key_seconds)),
        }

    def mounts(self) -> tuple[Mount, ...]:
        """What the environments name."""
        return (Mount(self._house.folder.authority, AUTHORITY),) if self._house.has_tls else ()

    def _trust(self) -> dict[str, str]:
        """For the engine's URLs that others made, and which a program without a network reaches by its own door."""
        return dict.fromkeys(TRUSTING, AUTHORITY) if self._house.has_tls else {}

    def _keys(self, role_arn: str, session: str, seconds: float) -> dict[str, str]:
        keys = self._issue(role_arn, session, seconds)
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": str(keys.token),
        }

    def fetch(self, token: str) -> dict[str, str]:
        """The keys, as the document that SDKs read. Raises AwsError (403) for a token that does not count, or no more."""
        process_id, role_arn, session = self._read(token)
        is_running = isinstance(self._runner.status(process_id), Running)
        now = self._house.clock.now()
        with self._lock:
            self._given = {name: given for name, given in self._given.items() if given[1] > now}
            if not is_running:
                self._given.pop(process_id, None)
                raise AwsError("AccessDenied", f"The process {process_id} does not run any more.", status=403)
            if process_id not in self._given:
                document = _document(role_arn, self._issue(role_arn, session, self.key_seconds))
                self._given[process_id] = (document, now + self.key_seconds / 2)
            return self._given[process_id][0]

    def _place(self, url: str) -> dict[str, str]:
        region = self._house.scope.region
        return {"AWS_ENDPOINT_URL": url, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}

    def _issue(self, role_arn: str, session: str, seconds: float) -> Credentials:
        principal = self._house.session_of(role_arn, session[:LONGEST_SESSION_NAME])
        with self._house.database.transaction() as tx:
            self._ring.prune(tx)
            return self._ring.issue(tx, principal.arn, principal.account, tx.now + seconds)

    # ------------------------------------------------------------------ tokens
    def _token(self, *parts: str) -> str:
        content = json.dumps(parts).encode()
        return f"{_text(content)}.{_text(self._signature(content))}"

    def _read(self, token: str) -> list[str]:
        try:
            content, signature = (base64.urlsafe_b64decode(part) for part in token.split("."))
        except (ValueError, binascii.Error):
            content, signature = b"", b""
        if not hmac.compare_digest(signature, self._signature(content)):
            raise AwsError("AccessDenied", "The authorization token is not one of this engine.", status=403)
        parts: list[str] = json.loads(content)
        return parts

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._ring.folder_key("workload-credentials"), content, "sha256")


def _document(role_arn: str, keys: Credentials) -> dict[str, str]:
    assert keys.expires_at is not None
    return {
        "RoleArn": role_arn,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "Token": str(keys.token),
        "Expiration": datetime.fromtimestamp(keys.expires_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
