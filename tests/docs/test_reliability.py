"""The commands of docs/reliability.md, run in their order in one shell, beside an engine that is up."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

from mlsystem.engine.decide.retention import RETENTIONS
from tests.chaos.faults import BACK_SECONDS, FAULTS, FORWARD_SECONDS, MOST, TURNS
from tests.chaos.invariants import INVARIANTS
from tests.chaos.test_runs import RUNS
from tests.command_line import run
from tests.docs.documents import ROOT, shell_lines
from tests.fuzz.kinds import KINDS


def test_a_backup_is_made_and_put_back_as_the_page_says(tmp_path: Path) -> None:
    lines = shell_lines(ROOT / "docs" / "reliability.md")
    assert [line for line in lines if line.startswith("mlsystem")] == lines[1:]
    homes = (tmp_path / "home", tmp_path / "restored")
    script = "\n".join(["set -e", *(f"{line} --port 0" if line.endswith(" up") else line for line in lines)])
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(tmp_path), "MLSYSTEM_HOME": str(homes[0]), "TERM": "dumb"}
    try:
        assert run("up", "--port", "0", home=homes[0]).returncode == 0
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert f"The key that opens it is not in it, but in {tmp_path}/backups/monday.tar.key" in done.stdout
        assert f"{homes[1]} is as it was at" in done.stdout
        assert "The engine is ready on http://127.0.0.1:" in done.stdout
    finally:
        for home in homes:
            run("down", home=home)


def test_a_backup_of_an_account_is_refused(tmp_path: Path) -> None:
    done = run("--target", "aws", "backup", str(tmp_path / "copy.tar"), home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert "in an account use AWS Backup" in done.stderr


def test_the_page_tells_the_age_of_everything_that_has_one() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    missing = [
        one.subject for one in RETENTIONS if f"| {one.subject} | {one.days:g} | {_rule(one.source)} |" not in text
    ]
    assert missing == []


def test_the_page_counts_the_kinds_of_made_up_inputs() -> None:
    assert f"makes so many of {len(KINDS)} kinds" in (ROOT / "docs" / "reliability.md").read_text()


def test_the_page_names_every_fault_and_every_invariant_of_the_chaos_runs() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text().partition("## How that is tested")[2]
    rows = [re.findall(r"`([a-z_]+)`", row.split("|")[1]) for row in text.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in row]
    assert sorted(named) == sorted([*FAULTS, *(one.__name__ for one in INVARIANTS)])
    # A page that says "two to five", "ten minutes", "two seconds" and "the first twenty".
    assert (TURNS, MOST, FORWARD_SECONDS, BACK_SECONDS, RUNS) == (2, 5, 600, 2, 20)


def _rule(source: str) -> str:
    return f"[AWS]({source})" if source else "ours"
