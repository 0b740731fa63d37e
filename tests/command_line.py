"""The command `mlsystem` as a person or a script runs it."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import IO

from tests import made_calls
from tests.starter import STARTER, is_startable

SECONDS = 120.0
SCRIPTS = Path(sysconfig.get_path("scripts"))


def run(*arguments: str, home: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command on the engine of a data folder, and give what it printed and its exit code."""
    full = {**os.environ, "TERM": "dumb", "COLUMNS": "160", **(environment or {})}
    command = ["--home", str(home), *arguments]
    if not is_startable(full):
        command = [str(SCRIPTS / "mlsystem"), *command]
        return subprocess.run(command, capture_output=True, text=True, env=full, check=False, timeout=SECONDS)
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        tempfile.TemporaryDirectory(prefix="calls-") as folder,
    ):
        calls = Path(folder) / "calls"
        program = STARTER.command(command, {**full, made_calls.VARIABLE: str(calls)}, output, errors)
        try:
            status = program.wait(SECONDS)
        finally:
            program.kill()
        made_calls.check(command, calls)
        return subprocess.CompletedProcess(command, status, _text(output), _text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
