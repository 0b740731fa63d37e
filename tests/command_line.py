"""The command `mlsystem` as a person or a script runs it."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

SCRIPTS = Path(sysconfig.get_path("scripts"))


def run(*arguments: str, home: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command on the engine of a data folder, and give what it printed and its exit code."""
    command = [str(SCRIPTS / "mlsystem"), "--home", str(home), *arguments]
    full = {**os.environ, "TERM": "dumb", "COLUMNS": "160", **(environment or {})}
    return subprocess.run(command, capture_output=True, text=True, env=full, check=False, timeout=120)
