"""A live engine as a process of its own, started and ended by pid, and boto3 clients for it."""

from __future__ import annotations

import json
import os
import select
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from mlsystem.engine.runtime.shim.record import lock_holder
from tests.answers import check_answers
from tests.ports import free_port
from tests.starter import STARTER, Program, is_startable

READY_SECONDS = 60.0
# Between two looks: a share of the time waited so far.
SHORTEST_PAUSE, LONGEST_PAUSE, PAUSE_SHARE = 0.05, 0.5, 0.05


# Making a client takes a third of a second of one core: engines on the same port with the same key share theirs.
_clients: dict[tuple[str, str, str], Any] = {}


class EngineEnded(Exception):
    """It was killed while somebody waited for what it does."""


class LiveEngine:
    """`start`, `kill` and `stop` may be called again and again on the same folder."""

    def __init__(
        self,
        folder: Path,
        time_scale: float = 1.0,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
        options: Sequence[str] = (),
    ):
        self.folder = folder
        self.time_scale = time_scale
        # It keeps its port when it is started again: none that an outgoing connection may have been given meanwhile.
        self.port = free_port() if port is None else port
        self.environment = dict(environment or {})
        self._within = within  # a command that becomes the engine, on a machine that it has changed
        self.options = tuple(options)
        self.process: subprocess.Popen[bytes] | Program | None = None
        self.url = ""

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start and wait until it is ready. AssertionError with the engine's log when it is not."""
        self.process = self.spawn(environment)
        self.await_ready()

    def spawn(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes] | Program:
        """Only start it: it may be about to be killed at a race point before it is ready."""
        arguments = [str(self.folder), "--port", str(self.port), "--time-scale", str(self.time_scale), *self.options]
        full = {**os.environ, **self.environment, **(environment or {})}
        if self._within or not is_startable(full):
            command = [*self._within, sys.executable, "-m", "mlsystem.engine", *arguments]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=full, start_new_session=True)
        else:
            self.process = STARTER.engine(arguments, full)
        return self.process

    def await_ready(self) -> None:
        assert self.becomes_ready(), f"the engine did not become ready: {self.log()}"

    def becomes_ready(self) -> bool:
        """Wait until it is ready; False when it ended before, or takes too long."""
        assert self.process is not None and self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], READY_SECONDS)
        line = self.process.stdout.readline() if readable else b""
        if line:
            self.url = json.loads(line)["url"]
            self.port = int(self.url.rsplit(":", 1)[1])
        return bool(line)

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        if self.process is not None:
            self.process.kill()
            self._reap()

    def stop(self) -> None:
        """SIGTERM, as `mlsystem down` does; what a killed engine left running is ended with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._reap()
        for lock in self.living_processes():
            pid = lock_holder(str(lock))
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def living_processes(self) -> list[Path]:
        """The locks of this folder's processes that live; each is held by a shim, and a program dies with its shim."""
        locks = (self.folder / "processes").glob("*/lock")
        return [lock for lock in locks if lock_holder(str(lock)) is not None]

    def await_death(self, timeout: float = 30.0) -> int:
        """The exit status of an engine that a race point is to kill."""
        assert self.process is not None
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the engine lives on: {self.log()}") from None
        self._reap()
        return status

    def eventually(self, what: Callable[[], Any]) -> Any:
        """As `eventually`, for what would never come true without the engine. Raises EngineEnded."""

        def or_ended() -> Any:
            if self.process is None or self.process.poll() is not None:
                raise EngineEnded(f"the engine of {self.folder} does not run")
            return what()

        return eventually(or_ended)

    def _reap(self) -> None:
        if self.process is not None:
            try:
                self.process.wait(30)
            finally:
                if self.process.stdout is not None:
                    self.process.stdout.close()
                self.process = None

    def log(self) -> str:
        path = self.folder / "engine.log"
        return path.read_text()[-8000:] if path.exists() else "(no log)"

    def credentials(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "credentials.json").read_text()))

    def tls(self) -> ssl.SSLContext | None:
        """What a connection to it takes; None where it speaks HTTP."""
        trusted = self.credentials().get("ca_bundle")
        return ssl.create_default_context(cafile=trusted) if trusted else None

    def client(self, service: str, **settings: Any) -> Any:
        """A boto3 client with the account's own key. Retries are off without `attempts`: a test wants to see the first answer."""
        if not settings:
            name = (service, self.url, str(self.credentials()["access_key_id"]))
            if name not in _clients:
                _clients[name] = self._client(service, {})
            return _clients[name]
        return self._client(service, settings)

    def _client(self, service: str, settings: dict[str, Any]) -> Any:
        root = self.credentials()
        config = Config(
            retries={"total_max_attempts": settings.pop("attempts", 1)},
            read_timeout=settings.pop("read_timeout", 60),
            s3={"addressing_style": "path"},
            tcp_keepalive=True,
        )
        # boto3's overloads want a literal service name.
        make_client: Any = boto3.client
        client = make_client(
            service,
            endpoint_url=self.url,
            region_name=settings.pop("region", root["region"]),
            aws_access_key_id=settings.pop("key", root["access_key_id"]),
            aws_secret_access_key=settings.pop("secret", root["secret_access_key"]),
            aws_session_token=settings.pop("token", None),
            verify=settings.pop("verify", root.get("ca_bundle")),
            config=config,
        )
        assert not settings, f"unknown settings {sorted(settings)}"
        check_answers(client)
        return client


def eventually(what: Callable[[], Any], timeout: float = 90.0, interval: float | None = None) -> Any:
    """The first true result of `what`; AssertionError after `timeout` seconds.

    It is asked again every `interval` seconds; without one the pauses become longer with the wait: asking an engine twenty times a second
    takes a quarter of a core from what is waited for.
    """
    began = time.monotonic()
    while True:
        result = what()
        if result:
            return result
        waited = time.monotonic() - began
        assert waited < timeout, f"did not come true within {timeout} s"
        pause = min(max(SHORTEST_PAUSE, waited * PAUSE_SHARE), LONGEST_PAUSE) if interval is None else interval
        select.select([], [], [], pause)
