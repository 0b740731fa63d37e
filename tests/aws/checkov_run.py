"""checkov over the templates, in an environment of its own, which is made once for each content of its locked requirements."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uv

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "checkov.txt"


@dataclass(frozen=True, order=True)
class Finding:
    check: str
    template: str
    resource: str


def environment() -> Path:
    """Several test processes may ask at once."""
    content = REQUIREMENTS.read_bytes() + sys.version.encode()
    folder = Path.home() / ".cache" / "mlsystem-tests" / f"checkov-{hashlib.sha256(content).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder / ".complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            tool, python = uv.find_uv_bin(), folder / "bin" / "python"
            subprocess.run([tool, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
            options = [
                "--quiet",
                "--compile-bytecode",
                "--require-hashes",
                "--python",
                str(python),
                "-r",
                str(REQUIREMENTS),
            ]
            subprocess.run([tool, "pip", "install", *options], check=True)
            complete.touch()
    return folder


def findings(folder: Path) -> set[Finding]:
    """What checkov finds in the templates of a folder; AssertionError where it cannot read one of them."""
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    python = environment() / "bin" / "python"
    command = [str(python), str(python.with_name("checkov")), *options, "--directory", str(folder)]
    quiet = {**os.environ, "LOG_LEVEL": "ERROR", "CKV_OPENAI_API_KEY": ""}
    ran = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    assert ran.stdout.startswith(("{", "[")), ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    assert report["summary"]["parsing_errors"] == 0, report["results"]["parsing_errors"]
    return {
        Finding(found["check_id"], found["file_path"].lstrip("/"), found["resource"].rsplit(".", 1)[-1])
        for found in report["results"]["failed_checks"]
    }
