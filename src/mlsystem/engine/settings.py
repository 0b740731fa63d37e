"""The settings of one engine, as `mlsystem up` gives them."""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.decide.collector import Collector
from mlsystem.engine.decide.errors import StartupError

DEFAULT_PORT = 4580
DEFAULT_CALLS_PER_SECOND = 1000.0
DEFAULT_KEY_SECONDS = 6 * 3600.0
DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNT = "000000000000"
LARGEST_PORT = 65535
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True)
class Settings:
    """`port` 0 takes a free one. `time_scale` divides durations: waits, alarm periods, cooldowns, `rate()` schedules.

    `workload_key_seconds`: how long the keys count that programs fetch; as long as those of ECS.
    `account` and `region` None: those that the data folder was made for.
    `trusts_loopback`: an invocation of an endpoint from this machine needs no signature.
    `calls_per_second`: how many calls of the API each caller may make, invocations not counted.
    `has_console`: whether the web console is served behind the front door; `has_mlflow`: whether MLflow is.
    `collector` gets traces of requests to APIs and endpoints.
    `has_tls`: the front door speaks HTTPS, with a certificate of the user's own authority on this machine.
    `runtime`: sandbox, docker or plain; auto is the first of them that works here.
    """

    folder: Path
    port: int = DEFAULT_PORT
    host: str = "127.0.0.1"
    time_scale: float = 1.0
    account: str | None = None
    region: str | None = None
    workload_key_seconds: float = DEFAULT_KEY_SECONDS
    trusts_loopback: bool = True
    calls_per_second: float = DEFAULT_CALLS_PER_SECOND
    runtime: str = "auto"
    has_console: bool = False
    has_mlflow: bool = False
    collector: Collector | None = None
    has_tls: bool = False

    def check(self) -> None:
        """Raises StartupError for a value that no engine could run with."""
        if not 0 <= self.port <= LARGEST_PORT:
            raise StartupError(f"{self.port} is no port: it must be between 0 (a free one) and {LARGEST_PORT}")
        if not _is_loopback(self.host):
            raise StartupError(
                f"the engine listens on this machine's own addresses alone, 127.0.0.1 and its like, and not on {self.host!r}"
            )
        if not (math.isfinite(self.time_scale) and self.time_scale > 0):
            raise StartupError(f"the time scale must be a number above 0, not {self.time_scale:g}")
        if not (math.isfinite(self.calls_per_second) and self.calls_per_second > 0):
            raise StartupError(f"the calls a second must be a number above 0, not {self.calls_per_second:g}")
        if self.region is not None and not REGION.fullmatch(self.region):
            raise StartupError(f"{self.region!r} is no region such as {DEFAULT_REGION}")
        if self.account is not None and not ACCOUNT.fullmatch(self.account):
            raise StartupError(f"{self.account!r} is no account: it must have 12 digits")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
