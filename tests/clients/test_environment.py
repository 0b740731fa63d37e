"""`mlsystem env` holds against what a person's shell and profiles say already, and `--unset` leaves again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.clients.workplace import Workplace
from tests.command_line import SCRIPTS

CONFIG = """[default]
endpoint_url = http://127.0.0.1:9
region = eu-west-1
[profile elsewhere]
endpoint_url = http://127.0.0.1:9
aws_access_key_id = AKIAELSEWHERE
aws_secret_access_key = elsewhere
"""
BEFORE = {
    "AWS_PROFILE": "elsewhere",
    "AWS_SESSION_TOKEN": "of another account",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
}


def _shell(script: str, workplace: Workplace, folder: Path) -> str:
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text(CONFIG)
    path = f"{SCRIPTS}:{os.environ['PATH']}"
    environment = {"HOME": str(folder), "PATH": path, "MLSYSTEM_HOME": str(workplace.engine.folder), **BEFORE}
    command = ["sh", "-euc", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_profiles_tokens_and_addresses_set_before_lead_no_client_elsewhere(
    workplace: Workplace, tmp_path: Path
) -> None:
    said = _shell('eval "$(mlsystem env)"; aws sts get-caller-identity --query Arn --output text', workplace, tmp_path)
    assert said == "arn:aws:iam::000000000000:root\n"


def test_unset_leaves_nothing_of_the_engine(workplace: Workplace, tmp_path: Path) -> None:
    said = _shell('eval "$(mlsystem env)"; eval "$(mlsystem env --unset)"; env', workplace, tmp_path)
    assert [line for line in said.splitlines() if line.startswith("AWS_")] == []
