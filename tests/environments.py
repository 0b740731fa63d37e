"""Environments of programs that cannot be installed beside ours, each made once for each content of its locked requirements."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import uv

REQUIREMENTS = Path(__file__).parents[1] / "requirements"


def needed(name: str) -> Path:
    """As `environment`; where it cannot be made the test is listed as not run, and with CI=true it fails."""
    try:
        return environment(name)
    except subprocess.CalledProcessError as error:
        why = " ".join(str(error.stderr).split())
        reason = f"the environment of requirements/{name}.txt cannot be made: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(f"not run: {reason}")


def environment(name: str) -> Path:
    """The folder of the one with requirements/<name>.txt; several test processes may ask at once. Raises CalledProcessError."""
    requirements = REQUIREMENTS / f"{name}.txt"
    content = requirements.read_bytes() + sys.version.encode()
    folder = Path.home() / ".cache" / "mlsystem-tests" / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder / ".complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            _make(folder, requirements)
            complete.touch()
    return folder


def _make(folder: Path, requirements: Path) -> None:
    tool = uv.find_uv_bin()
    venv = [tool, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
    options = [
        "--quiet",
        "--compile-bytecode",
        "--require-hashes",
        "--no-deps",
        "--python",
        str(folder / "bin" / "python"),
    ]
    for command in (venv, [tool, "pip", "install", *options, "-r", str(requirements)]):
        subprocess.run(command, check=True, capture_output=True, text=True)
