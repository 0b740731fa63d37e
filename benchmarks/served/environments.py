"""Environments of the peers, each made once for each content of its locked requirements and kept in this user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

import uv

from mlsystem.client.images.kept import cache_folder

PEERS = Path(__file__).parents[1] / "peers"


def environment(requirements: Path) -> Path:
    """The folder of the one with these requirements; several processes may ask at once. Raises CalledProcessError."""
    content = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder() / "peers" / f"{requirements.stem}-{content}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder / ".complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            print(f"making the environment of {requirements.name}", file=sys.stderr, flush=True)
            _make(folder, requirements)
            complete.touch()
    return folder


def _make(folder: Path, requirements: Path) -> None:
    tool = uv.find_uv_bin()
    subprocess.run([tool, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
    install = [tool, "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    subprocess.run([*install, "--python", str(folder / "bin" / "python"), "-r", str(requirements)], check=True)
