"""The fixtures for other projects' tests, as docs/testing.md has them: a stranger's project, whose tests are a program of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.testing import Engine, engine_on
from tests.live import eventually

PAGE = Path(__file__).parents[2] / "docs/testing.md"
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


def write_project(folder: Path, **more: str) -> None:
    for name, content in {**dict(FILE.findall(PAGE.read_text())), **more}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def run_tests(folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(folder / "scratch")]
    full = {**os.environ, "MLSYSTEM_IMAGES": str(folder / "images"), **(environment or {})}
    full.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240, env=full)


def engines_of(folder: Path) -> list[str]:
    """Command lines of processes that stand on a folder."""
    return [
        words
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(folder) in (words := _read(path)) and "mlsystem" in words
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_the_example_of_the_page_passes_and_its_engine_is_gone_afterwards(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "test_scale.py").write_text(
        "import json, urllib.request\n"
        "def test_durations_are_divided(aws_engine):\n"
        "    health = json.load(urllib.request.urlopen(aws_engine.url + '/_mlsystem/health'))\n"
        "    assert health['timeScale'] == 60\n"
    )
    hostile = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_SESSION_TOKEN": "x"}
    done = run_tests(tmp_path, {**hostile, "MLSYSTEM_KEYS": str(tmp_path / "my-keys")})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert not (tmp_path / "my-keys").exists(), "the key of an engine that is thrown away does not stay"
    eventually(lambda: not engines_of(tmp_path))


def test_a_failing_test_of_theirs_fails_and_a_bad_setting_is_told(tmp_path: Path) -> None:
    write_project(tmp_path, **{"container/train": "#!/bin/sh\nexit 3\n"})
    done = run_tests(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WaiterError" in done.stdout
    (tmp_path / "pytest.ini").write_text("[pytest]\naws_engine_time_scale = fast\n")
    done = run_tests(tmp_path)
    assert "aws_engine_time_scale = fast: expected a number" in done.stdout + done.stderr


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_on(tmp_path_factory.mktemp("own")) as made:
        yield made


def test_a_role_may_do_what_its_policy_says(engine: Engine) -> None:
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    arn = engine.role("narrow", ("lambda.amazonaws.com",), policy)
    assert arn == f"arn:aws:iam::{engine.account}:role/narrow"
    iam = engine.client("iam")
    assert iam.get_role_policy(RoleName="narrow", PolicyName="rights")["PolicyDocument"] == policy
    assert engine.role("narrow") == arn
    trusted = iam.get_role(RoleName="narrow")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"Service": ["sagemaker.amazonaws.com"]}
