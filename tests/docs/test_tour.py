"""The tour of the README, and that of TLS, walked: each of its commands runs, in its order, in one shell.

`mlsystem deploy` is left out, as a whole run of the pipeline is what `make demo` shows. So what looks at the pipeline must say, with the
exit code for "not found", that nothing is deployed.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

from tests.docs.documents import ROOT, shell_lines

NEEDS_DEPLOYMENT = ("mlsystem status", "mlsystem history")


def test_the_tour_of_the_readme(tmp_path: Path) -> None:
    lines = shell_lines(ROOT / "README.md")
    tour = lines[lines.index("source .venv/bin/activate") :]
    assert "mlsystem init my-project" in tour
    assert tour[-1] == "mlsystem down"
    answers = _walk(tmp_path, [line for line in tour[1:] if line != "mlsystem deploy"])
    assert "has" in answers["mlsystem init my-project"][1]
    assert "The engine is ready on http://127.0.0.1:" in answers["mlsystem up"][1]
    assert "arn:aws:iam::000000000000:root" in answers["aws sts get-caller-identity"][1]
    for line, (code, output) in answers.items():
        assert (code, line in NEEDS_DEPLOYMENT) in ((0, False), (4, True)), f"{line} gave {code}: {output}"
    assert all("mlsystem deploy" in answers[line][1] for line in NEEDS_DEPLOYMENT)
    assert "The engine has ended" in answers["mlsystem down"][1]


def test_the_commands_of_the_page_about_tls(tmp_path: Path) -> None:
    lines = shell_lines(ROOT / "docs" / "security.md")
    answers = _walk(tmp_path, lines[lines.index("mlsystem up --tls") :])
    assert [(line, output) for line, (code, output) in answers.items() if code] == []
    assert "The engine is ready on https://127.0.0.1:" in answers["mlsystem up --tls"][1]
    assert "arn:aws:iam::000000000000:root" in answers["aws sts get-caller-identity"][1]
    assert any('"status":"ready"' in output for line, (_, output) in answers.items() if line.startswith("curl"))
    assert "The engine has ended" in answers["mlsystem down"][1]


def _walk(folder: Path, tour: list[str]) -> dict[str, tuple[int, str]]:
    """Exit code and output of each command. The engine takes a free port, as the usual one may be taken here."""
    script = ["trap 'mlsystem down >/dev/null 2>&1' EXIT"]
    for number, line in enumerate(tour):
        script.append(f"{_on_a_free_port(line)} >{folder}/{number}.out 2>&1; echo $? >{folder}/{number}.code")
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "TERM": "dumb", "COLUMNS": "160"}
    subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, env=environment, check=False, timeout=180)
    found = {}
    for number, line in enumerate(tour):
        found[line] = (int((folder / f"{number}.code").read_text()), (folder / f"{number}.out").read_text())
    return found


def _on_a_free_port(line: str) -> str:
    return shlex.join([*shlex.split(line), "--port", "0"]) if line.startswith("mlsystem up") else line
