"""Where AWS's API is: in an account, or at the local engine. Everything else is the same for both.

boto3 is imported by who speaks to AWS: it takes longer than all else that a command such as `mlsystem env` does.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from mlsystem.client.acting import tell_person
from mlsystem.client.errors import NotRunning
from mlsystem.client.timestamps import read_timestamp

Target = Literal["local", "aws"]
HOME_VARIABLE = "MLSYSTEM_HOME"
HEALTH = "/_mlsystem/health"
# In the data folder: the certificate of the engine's authority, where it speaks HTTPS.
CA_FILE = "ca.pem"
OWN_ENDPOINT = "AWS_ENDPOINT_URL_"  # of a single service; it wins over that of all
# A profile wins over keys in the environment, and an old token is sent along with the new keys.
LEADING_AWAY = frozenset(
    {
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_ACCOUNT_ID",
    }
)
# It wins over whom a clone of the engine's repository is set up to trust.
GIT_TRUST = frozenset({"GIT_SSL_CAINFO"})


def default_home() -> Path:
    """The data folder of the local engine: $MLSYSTEM_HOME, else `.mlsystem` here."""
    return Path(os.environ.get(HOME_VARIABLE, ".mlsystem")).absolute()


@dataclass(frozen=True)
class LocalEngine:
    """How the engine of a data folder is reached."""

    url: str
    region: str
    access_key_id: str
    secret_access_key: str
    pid: int
    mlflow_tracking_uri: str = ""
    """Where it serves MLflow; empty where it does not."""
    ca_bundle: str = ""
    """The file with the certificate of its authority; empty where it speaks HTTP."""

    def tls(self) -> ssl.SSLContext | None:
        """What a connection to it takes. None where it speaks HTTP."""
        return ssl.create_default_context(cafile=self.ca_bundle) if self.ca_bundle else None

    def answers(self) -> bool:
        """Whether it serves; the front door alone, which outlives it, does not count."""
        return bool(self._health())

    def is_restored(self) -> bool:
        """Whether the endpoints and functions that were in service when the last engine ended are so again."""
        return bool(self._health().get("restored"))

    def time_scale(self) -> float:
        """By how much its durations are shorter than what they are called."""
        return float(self._health().get("timeScale", 1.0))

    def runtime(self) -> str:
        """For a person: what programs run in, and what that does not give; nothing where the engine does not answer."""
        return str(self._health().get("sentence", ""))

    def _health(self) -> dict[str, Any]:
        try:
            answer = urllib.request.urlopen(self.url + HEALTH, timeout=5, context=self.tls())  # noqa: S310 - the engine's own URL
            with answer:
                return dict(json.load(answer))
        except (OSError, ValueError):
            return {}

    def has_ended(self) -> bool:
        """Its process is gone; one that cannot be seen from here may answer all the same."""
        return not self._is_seen() and not self.answers()

    def _is_seen(self) -> bool:
        """A process that has ended has no command line, though its parent may not have taken notice of it yet."""
        try:
            return b"mlsystem.engine" in Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False

    def environment(self) -> dict[str, str]:
        """The settings with which any AWS client speaks to the engine."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            # For some operations clients put a word before the host's name, which the engine has none of.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            **self._mlflow_environment(),
            **({"AWS_CA_BUNDLE": self.ca_bundle} if self.ca_bundle else {}),
        }

    def _mlflow_environment(self) -> dict[str, str]:
        if not self.mlflow_tracking_uri:
            return {}
        trust = {"MLFLOW_TRACKING_SERVER_CERT_PATH": self.ca_bundle} if self.ca_bundle else {}
        return {"MLFLOW_TRACKING_URI": self.mlflow_tracking_uri, **trust}

    def unwanted(self, variables: Iterable[str]) -> list[str]:
        """Of the variables that are set, those that would have a client go elsewhere, sign as somebody else, or trust somebody else."""
        unwanted = LEADING_AWAY | (GIT_TRUST if self.ca_bundle else frozenset())
        return sorted(name for name in variables if name in unwanted or name.startswith(OWN_ENDPOINT))


def read_engine(home: Path) -> LocalEngine:
    """Raises NotRunning when no engine was ever started on the folder."""
    path = home / "credentials.json"
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise NotRunning(f"there is no engine on {home}: `mlsystem up` starts one") from error
    return LocalEngine(
        url=content["endpoint_url"],
        region=content["region"],
        access_key_id=content["access_key_id"],
        secret_access_key=content["secret_access_key"],
        pid=content["pid"],
        mlflow_tracking_uri=content.get("mlflow_tracking_uri", ""),
        ca_bundle=content.get("ca_bundle", ""),
    )


def _living_engine(home: Path) -> LocalEngine:
    """Raises NotRunning."""
    engine = read_engine(home)
    if engine.has_ended():
        raise NotRunning(f"the engine on {home} has ended: `mlsystem up` starts it again")
    return engine


class Connection:
    """Makes boto3 clients, each once. Thread-safe, as the clients are."""

    def __init__(self, target: Target, home: Path):
        self.target: Target = target
        self.home = home
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._engine = _living_engine(home) if target == "local" else None

    @cached_property
    def _session(self) -> Any:
        """boto3's, of the person's own settings: what it reads of AWS's partitions and services takes longer than a request."""
        import boto3
        import botocore.session

        session = botocore.session.get_session()
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_timestamp)
        return boto3.session.Session(botocore_session=session)

    @property
    def engine(self) -> LocalEngine | None:
        return self._engine

    @property
    def region(self) -> str:
        if self._engine is not None:
            return self._engine.region
        # boto3 itself knows AWS_DEFAULT_REGION only.
        region = self._session.region_name or os.environ.get("AWS_REGION")
        if not region:
            raise NotRunning("no AWS region is set: set AWS_REGION, or a region in ~/.aws/config")
        return str(region)

    def check(self) -> None:
        """That it is known where to ask, and as whom; nobody is asked yet. Raises NotRunning, and botocore's NoCredentialsError."""
        from botocore.exceptions import NoCredentialsError

        if self.region and self.credentials() is None:
            raise NoCredentialsError

    def time_scale(self) -> float:
        """How many times as fast as named durations pass; on AWS they pass as they are named."""
        return self._engine.time_scale() if self._engine is not None else 1.0

    def tls(self) -> ssl.SSLContext | None:
        """What a connection to a URL of `reachable` takes, where that is not the usual."""
        return self._engine.tls() if self._engine is not None else None

    def reachable(self, url: str) -> str:
        """A URL that a stack has put out: the engine may have another port now than it had then."""
        return self._engine.url + urlsplit(url).path if self._engine is not None else url

    def dns_suffix(self) -> str:
        """Of the region's partition: `amazonaws.com`, or another where AWS has one."""
        import botocore.session

        known: Any = botocore.session.get_session().get_data("partitions")
        own = self.partition()
        return next(str(one["outputs"]["dnsSuffix"]) for one in known["partitions"] if one["id"] == own)

    def partition(self) -> str:
        """Of the region: `aws`, or another where AWS has one."""
        return str(self._session.get_partition_for_region(self.region))

    def account(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def credentials(self) -> Any:
        """With which the clients sign: botocore's, for who must sign something else, such as a request to an API."""
        from botocore.credentials import Credentials

        if self._engine is not None:
            return Credentials(self._engine.access_key_id, self._engine.secret_access_key)
        return self._session.get_credentials()

    def client(self, service: str) -> Any:
        with self._lock:  # boto3's making of clients is not
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def _make(self, service: str) -> Any:
        made = self._made_by_boto3(service)
        made.meta.events.register("before-send", tell_person)
        return made

    def _made_by_boto3(self, service: str) -> Any:
        from botocore.config import Config

        if self._engine is None:
            return self._session.client(service, region_name=self.region)
        return self._session.client(
            service,
            endpoint_url=self._engine.url,
            region_name=self._engine.region,
            aws_access_key_id=self._engine.access_key_id,
            aws_secret_access_key=self._engine.secret_access_key,
            verify=self._engine.ca_bundle or None,
            config=Config(retries={"total_max_attempts": 3}, s3={"addressing_style": "path"}),
        )
