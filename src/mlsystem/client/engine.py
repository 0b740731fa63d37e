"""Starts and ends the local engine, as a process of its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from mlsystem.client.connection import read_engine
from mlsystem.client.errors import ClientFailure, NotRunning

READY_SECONDS = 60.0
HEALTH = "/_mlsystem/health"


@dataclass(frozen=True)
class UpOptions:
    home: Path
    port: int | None = None
    time_scale: float = 1.0
    region: str = "us-east-1"

    def command(self) -> list[str]:
        command = [sys.executable, "-m", "mlsystem.engine", str(self.home), "--region", self.region]
        command += ["--time-scale", str(self.time_scale)]
        return command + (["--port", str(self.port)] if self.port is not None else [])


@dataclass(frozen=True)
class Started:
    """`runtime` says, for a person, what programs run in; without a sandbox no job, endpoint or image of a function can run."""

    url: str
    runtime: str
    has_sandbox: bool


def start(options: UpOptions) -> Started:
    """Start an engine in the background. Raises ClientFailure with the engine's own line when it cannot start."""
    options.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    errors = options.home / "start.log"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            options.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
        )
    assert process.stdout is not None
    with process.stdout:
        readable, _, _ = select.select([process.stdout], [], [], READY_SECONDS)
        line = process.stdout.readline() if readable else b""
    if not line:
        words = errors.read_text(errors="replace").strip().removeprefix("mlsystem: ")
        raise ClientFailure(words or f"the engine did not become ready: see {options.home / 'engine.log'}")
    # It lives on: nobody waits for it here.
    process.returncode = 0
    ready = json.loads(line)
    return Started(str(ready["url"]), str(ready["runtime"]), bool(ready["sandbox"]))


def run_in_foreground(options: UpOptions) -> int:
    """The engine instead of this program; it ends on ctrl-c."""
    os.execv(sys.executable, options.command())  # noqa: S606 - it becomes the engine


def is_running(home: Path) -> bool:
    try:
        url = read_engine(home).url
        with urllib.request.urlopen(url + HEALTH, timeout=5) as answer:  # noqa: S310 - the engine's own URL
            return bool(answer.status == 200)
    except (NotRunning, OSError, urllib.error.URLError):
        return False


def stop(home: Path) -> int:
    """End the engine and all that it started; how many processes beside it. Raises ClientFailure."""
    command = [sys.executable, "-m", "mlsystem.engine", str(home), "--down"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClientFailure(done.stderr.strip().removeprefix("mlsystem: ") or "the engine could not be ended")
    return int(done.stdout.split()[-1])
