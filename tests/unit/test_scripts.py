"""The scripts of the repository: no finding of ShellCheck, and each with the name and the use that its page says."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

from tests.aws.project import TEMPLATES

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.sh"))
SHELLCHECK = Path(sysconfig.get_path("scripts")) / "shellcheck"


def shellcheck(*paths: Path) -> str:
    command = [str(SHELLCHECK), "--external-sources", "--source-path=SCRIPTDIR", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout


def test_the_scripts_have_no_findings_and_a_planted_one_is_found(tmp_path: Path) -> None:
    assert [path.name for path in SCRIPTS if os.access(path, os.X_OK)] == [
        "build.sh",
        "lint.sh",
        "rm_prj.sh",
        "rm_s3.sh",
        "validate-tpl.sh",
    ]
    assert shellcheck(*SCRIPTS, *sorted((ROOT / "project" / "container").glob("*.sh"))) == ""
    planted = tmp_path / "planted.sh"
    planted.write_text("#!/usr/bin/env bash\nrm -r $1/*\n")
    assert "SC2086" in shellcheck(planted)


def test_lint_finds_nothing_here_and_what_is_planted_elsewhere(tmp_path: Path) -> None:
    copy = tmp_path / "repository"
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "scripts", "project", "studio.yml", "pyproject.toml"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    planted = copy / "scripts" / "planted.sh"
    planted.write_text("#!/usr/bin/env bash\nrm -r $1/*\n")
    found = _lint(copy)
    # The scripts come last, so that nothing else was found.
    assert found.returncode != 0 and set(re.findall(r"^In (\S+) line", found.stdout, re.MULTILINE)) == {
        "scripts/planted.sh"
    }
    assert found.stdout.lstrip().startswith("In scripts/planted.sh")
    # Small ones, as linting is slow.
    templates = [copy / path.relative_to(ROOT) for path in (ROOT / "studio.yml", *TEMPLATES.values())]
    for template in templates:
        template.write_text("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {Planted: x}\n")
    found = _lint(copy)
    assert found.returncode != 0 and found.stdout.count("'Planted' was unexpected") == len(templates)
    assert all(f"{template.relative_to(copy)}:4" in found.stdout for template in templates)


def _lint(copy: Path) -> subprocess.CompletedProcess[str]:
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    command = ["bash", str(copy / "scripts" / "lint.sh")]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
