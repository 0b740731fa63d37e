"""The command line, as a person or a script uses it: output, errors, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.command_line import SCRIPTS, run
from tests.engine.test_codepipeline import Line
from tests.live import LiveEngine


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    run("down", home=folder)


def _processes(folder: Path) -> list[str]:
    """Command lines of processes that name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_an_engine_goes_up_serves_any_aws_client_and_comes_down_whole(home: Path) -> None:
    up = run("--json", "up", "--port", "0", home=home)
    assert up.returncode == 0, up.stderr
    url = json.loads(up.stdout)["url"]
    assert "andbox" in json.loads(up.stdout)["runtime"], "it says what programs run in"
    exports = run("env", home=home)
    assert f"export AWS_ENDPOINT_URL={url}" in exports.stdout
    script = 'eval "$(mlsystem env)"; aws sts get-caller-identity --query Arn --output text'
    path = f"{SCRIPTS}:{os.environ['PATH']}"
    shell = subprocess.run(
        ["sh", "-c", script],
        env={"PATH": path, "MLSYSTEM_HOME": str(home), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert shell.stdout.strip() == "arn:aws:iam::000000000000:root", shell.stderr
    second = run("up", "--port", "0", home=home)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert second.stderr.count("\n") == 1
    down = run("--json", "down", home=home)
    assert json.loads(down.stdout)["ended"] is True
    assert _processes(home) == []


def test_down_ends_what_a_killed_engine_left(home: Path) -> None:
    assert run("up", "--port", "0", home=home).returncode == 0
    os.kill(json.loads((home / "credentials.json").read_text())["pid"], 9)
    assert _processes(home) != []
    down = run("--json", "down", home=home)
    assert down.returncode == 0, down.stderr
    assert _processes(home) == []


def test_without_an_engine_there_is_one_line_of_advice(home: Path, tmp_path: Path) -> None:
    done = run("env", home=home)
    assert (done.returncode, done.stdout) == (3, "")
    assert "`mlsystem up` starts one" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_is_no_project_is_told_so(engine: LiveEngine, tmp_path: Path) -> None:
    done = run("--project", str(tmp_path), "status", home=engine.folder)
    assert done.returncode == 4
    assert "mlsystem init" in done.stderr


def test_init_makes_a_project_once(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    done = run("init", str(folder), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (folder / "pipeline.yml").is_file()
    assert os.access(folder / "container" / "code" / "train", os.X_OK)
    again = run("init", str(folder), home=tmp_path)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def test_a_pipeline_is_run_watched_and_decided(engine: LiveEngine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert run("init", str(project), home=engine.folder).returncode == 0
    settings = yaml.safe_load((project / "mlsystem.yaml").read_text())
    settings["project"].update(prefix="cli", name="line")
    (project / "mlsystem.yaml").write_text(yaml.safe_dump(settings))

    def mlsystem(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run("--project", str(project), *arguments, home=engine.folder)

    missing = mlsystem("status")
    assert missing.returncode == 4
    assert "mlsystem deploy" in missing.stderr
    line = Line(engine, "cli-line")
    line.prepare()
    line.upload("data")
    line.create()
    watched = mlsystem("--json", "status", "--watch")
    assert json.loads(watched.stdout)["status"] == "InProgress"
    shown = mlsystem("status")
    assert "waits for you" in shown.stdout
    approved = mlsystem("approve", "--reason", "looks right")
    assert approved.returncode == 0, approved.stderr
    ended = mlsystem("--json", "status", "--watch")
    assert json.loads(ended.stdout)["status"] == "Succeeded"
    nothing = mlsystem("approve", "--reason", "again")
    assert nothing.returncode == 4
    history = json.loads(mlsystem("--json", "history").stdout)
    assert [item["status"] for item in history] == ["Succeeded"]
    one = json.loads(mlsystem("--json", "history", history[0]["id"]).stdout)
    assert [item["name"] for item in one[0]["runs"]] == ["Source/Git", "Source/Data", "Build/Join", "Release/Approve"]
    logs = mlsystem("logs", "codebuild/cli-line", "--filter", "Phase")
    assert "Phase complete: BUILD" in logs.stdout


def test_a_data_source_with_a_missing_member_is_refused_by_name(engine: LiveEngine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run("init", str(project), home=engine.folder)
    path = tmp_path / "data-source.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputData.json", "{}")
    done = run("--project", str(project), "upload", str(path), home=engine.folder)
    assert done.returncode == 1
    assert "has no hyperparameters.json" in done.stderr
