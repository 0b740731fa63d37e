"""Starts and ends the local engine, as a process of its own; copies its data folder, and puts it back."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

from mlsystem.client.connection import read_engine
from mlsystem.client.errors import ClientFailure, NotRunning

READY_SECONDS = 60.0
# With less than this an engine cannot be expected to start.
SCARCE_BYTES = 1024 * 1024
RESTORED_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class UpOptions:
    home: Path
    port: int | None = None
    time_scale: float = 1.0
    region: str | None = None
    runtime: str = "auto"
    """What programs are to run in: sandbox, docker, plain, or the first of them that works."""
    must_sign: bool = False
    """Whether invocations of endpoints must be signed on this machine too."""
    calls_per_second: float | None = None
    """How many calls of the API each caller may make; None: what the engine takes for enough."""
    has_console: bool = True
    """Whether the web console is served too."""
    has_mlflow: bool = False
    """Whether MLflow's tracking server is served too, where it is installed."""
    restore_seconds: float = 20.0
    """How long what was in service before may take to be so again, until the person is told that it is not."""
    has_tls: bool = False
    """Whether it speaks HTTPS, with a certificate of an authority of the user's own."""
    otlp: str | None = None
    """The URL of a collector that gets traces; None: the one that OpenTelemetry's environment variables name, if they do."""

    def command(self) -> list[str]:
        command = [sys.executable, "-m", "mlsystem.engine", str(self.home), f"--time-scale={self.time_scale}"]
        command += [f"--region={self.region}"] if self.region is not None else []
        command += [f"--runtime={self.runtime}"] if self.runtime != "auto" else []
        command += ["--signed-invocations"] if self.must_sign else []
        command += [f"--calls-per-second={self.calls_per_second}"] if self.calls_per_second is not None else []
        command += ["--tls"] if self.has_tls else []
        command += ["--console"] if self.has_console else []
        command += ["--mlflow"] if self.has_mlflow else []
        command += [f"--otlp={self.otlp}"] if self.otlp is not None else []
        return command + ([f"--port={self.port}"] if self.port is not None else [])


@dataclass(frozen=True)
class Started:
    """`runtime` is what programs run in, and `sentence` says, for a person, what that does not give.

    `is_isolated`: programs have files and ports of their own. If not, few run side by side, which is not enough for a whole system.
    `ca_bundle` is the file with the certificate that clients have to trust, empty where it speaks HTTP.
    `console` is the URL of the web console, `mlflow` the tracking URI of MLflow; each is empty where there is none.
    `is_restored`: what was in service when the last engine ended is so again. If not, it does not come back by itself, or not soon.
    """

    url: str
    runtime: str
    sentence: str
    is_isolated: bool
    is_restored: bool
    console: str
    mlflow: str
    ca_bundle: str


def start(options: UpOptions) -> Started:
    """Start an engine in the background. Raises ClientFailure with the engine's own line when it cannot start."""
    errors = options.home / "start.log"
    try:
        options.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                options.command(), stdin=subprocess.DEVNULL, stdout=PIPE, stderr=stderr, start_new_session=True
            )
    except OSError as error:
        raise ClientFailure(f"cannot write the data folder {options.home}: {error.strerror}") from error
    assert process.stdout is not None
    with process.stdout:
        readable, _, _ = select.select([process.stdout], [], [], READY_SECONDS)
        line = process.stdout.readline() if readable else b""
    if not line:
        raise ClientFailure(_last_words(errors))
    ready = json.loads(line)
    is_restored = _await_restored(options, process)
    # It lives on: nobody waits for it here.
    process.returncode = 0
    return Started(
        url=str(ready["url"]),
        runtime=str(ready["runtime"]),
        sentence=str(ready["sentence"]),
        is_isolated=bool(ready["isolated"]),
        is_restored=is_restored,
        console=str(ready.get("console", "")),
        mlflow=str(ready.get("mlflow_tracking_uri", "")),
        ca_bundle=read_engine(options.home).ca_bundle,
    )


def _await_restored(options: UpOptions, process: subprocess.Popen[bytes]) -> bool:
    """Whether it came to that in time, and before the engine ended."""
    engine = read_engine(options.home)
    deadline = time.monotonic() + options.restore_seconds
    while not engine.is_restored():
        with suppress(subprocess.TimeoutExpired):
            process.wait(RESTORED_PAUSE_SECONDS)
        if process.returncode is not None or time.monotonic() > deadline:
            return False
    return True


def _last_words(errors: Path) -> str:
    """Of an engine that did not start. On a full disk it has none: not even these can be written."""
    lines = errors.read_text(errors="replace").strip().splitlines()
    if len(lines) == 1:
        return lines[0].removeprefix("mlsystem: ")
    if lines:
        return f"the engine broke with {lines[-1]}: {errors} has the whole of it"
    if shutil.disk_usage(errors.parent).free < SCARCE_BYTES:
        return f"the disk of the data folder {errors.parent} is full: free space, then try again"
    return f"the engine did not become ready: see {errors.parent / 'engine.log'}"


def run_in_foreground(options: UpOptions) -> int:
    """The engine instead of this program; it ends on ctrl-c."""
    os.execv(sys.executable, options.command())  # noqa: S606 - it becomes the engine


def is_running(home: Path) -> bool:
    try:
        return read_engine(home).answers()
    except NotRunning:
        return False


def stop(home: Path) -> int:
    """End the engine and all that it started; how many processes beside it. Raises ClientFailure."""
    return int(_ask(home, "--down").split()[-1])


def back_up(home: Path, target: Path, key: Path | None) -> dict[str, Any]:
    """Copy a data folder into a file; its `file`, `key`, `size`, `members`, and `changing` files. Raises ClientFailure."""
    return dict(json.loads(_ask(home, f"--backup={target.absolute()}", *_key(key))))


def restore(home: Path, file: Path, key: Path | None) -> dict[str, Any]:
    """Make a data folder of a backup; its `home`, when it was `made_at`, `members`, and `changing` files. Raises ClientFailure."""
    return dict(json.loads(_ask(home, f"--restore={file.absolute()}", *_key(key))))


def _key(path: Path | None) -> list[str]:
    return [] if path is None else [f"--key={path.absolute()}"]


def _ask(home: Path, *options: str) -> str:
    """What the engine's program answers that ends at once. Raises ClientFailure."""
    command = [sys.executable, "-m", "mlsystem.engine", str(home), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClientFailure(done.stderr.strip().removeprefix("mlsystem: ") or f"the engine's program failed on {home}")
    return done.stdout
