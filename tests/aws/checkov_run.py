"""checkov over the templates, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environments import needed


@dataclass(frozen=True, order=True)
class Finding:
    check: str
    template: str
    resource: str


def findings(folder: Path) -> set[Finding]:
    """What checkov finds in the templates of a folder; AssertionError where it cannot read one of them."""
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    python = needed("checkov") / "bin" / "python"
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
