"""The command line, as a person or a script uses it: output, errors, exit codes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import zipfile
from collections.abc import Callable, Iterator
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
    told = json.loads(up.stdout)
    assert told["runtime"] == "sandbox"
    assert "Not isolated: the kernel" in told["sentence"], "it says what programs run in, and what that does not give"
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
    down = run("--json", "down", home=home)
    assert json.loads(down.stdout)["ended"] is True
    assert _processes(home) == []
    after = run("logs", home=home)
    assert (after.returncode, after.stdout) == (3, "")
    assert after.stderr == f"mlsystem: the engine on {home} has ended: `mlsystem up` starts it again\n"


def test_down_ends_what_a_killed_engine_left(home: Path) -> None:
    assert run("up", "--port", "0", home=home).returncode == 0
    os.kill(json.loads((home / "credentials.json").read_text())["pid"], 9)
    assert _processes(home) != []
    assert run("logs", home=home).returncode == 3, "though the door is still there"
    down = run("--json", "down", home=home)
    assert down.returncode == 0, down.stderr
    assert _processes(home) == []


def test_without_an_engine_there_is_one_line_of_advice(home: Path, tmp_path: Path) -> None:
    done = run("env", home=home)
    assert (done.returncode, done.stdout) == (3, "")
    assert "`mlsystem up` starts one" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ("bogus", 2, "No such command 'bogus'"),
        ("status extra", 2, "unexpected extra argument(s) (extra) (`mlsystem status --help` tells more)"),
        ("--target mars status", 2, "'mars' is not one of 'local', 'aws'"),
        ("approve", 2, "Missing option '--reason'"),
        ("invoke --stage test 1", 2, "'test' is not one of 'dev', 'prd'"),
        ("history --limit 0", 2, "greater than or equal to 1"),
        ("deploy", 4, "is no project: it has no mlsystem.yaml. `mlsystem init DIR` makes one"),
        ("logs nobody", 4, "no log group has 'nobody' in its name"),
        ("up --port 0", 1, "an engine is already running on"),
        ("up --port 70000", 1, "70000 is no port"),
        ("up --calls-per-second 0", 1, "a number above 0"),
        ("up --time-scale nan", 1, "the time scale must be a number above 0, not nan"),
        ("up --region nowhere", 1, "'nowhere' is no region such as us-east-1"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    engine: LiveEngine, tmp_path: Path, arguments: str, code: int, told: str
) -> None:
    done = run("--json", "--project", str(tmp_path), *arguments.split(), home=engine.folder)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert done.stderr.startswith("mlsystem: ") and done.stderr.count("\n") == 1


def test_a_data_folder_too_far_down_is_told_in_one_line(tmp_path: Path) -> None:
    done = run("up", "--port", "0", home=tmp_path / ("x" * 100))
    assert done.returncode == 1
    assert "bytes too long for sockets in it: --home names another" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_and_another_region_are_told_in_one_line(engine: LiveEngine, home: Path) -> None:
    taken = run("up", "--port", str(engine.port), "--region", "eu-west-1", home=home)
    assert taken.returncode == 1
    assert taken.stderr.startswith(f"mlsystem: port {engine.port} on 127.0.0.1 is in use")
    other = run("up", "--port", "0", "--region", "eu-west-2", home=home)
    assert other.returncode == 1
    assert other.stderr == (
        "mlsystem: the data folder is for the region eu-west-1: another region needs another data folder\n"
    )
    assert taken.stderr.count("\n") == 1


def test_a_runtime_that_is_not_there_is_refused_with_the_reason(tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    up = run("up", "--port", "0", "--runtime", "docker", home=tmp_path / "home", environment=nowhere)
    assert up.returncode != 0
    assert "there is no Docker engine that can be used: no Docker engine has its socket" in " ".join(up.stderr.split())


# With the first there is no room for the database, with the second none for what an engine writes after it.
@pytest.mark.parametrize("size", ["100k", "300k"])
def test_a_disk_that_is_full_at_the_start_is_told_in_one_line(tmp_path: Path, size: str) -> None:
    mount = f'mount -t tmpfs -o size={size} none "$0" && exec mlsystem --home "$0/home" up --port 0'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(tmp_path)]
    environment = {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"not run: a small disk cannot be mounted here: {done.stderr.strip()}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "full" in done.stderr
    assert done.stderr.startswith("mlsystem: ") and done.stderr.count("\n") == 1


def test_an_upload_to_a_full_disk_is_told_in_one_line(engine: LiveEngine, tmp_path: Path) -> None:
    project, data = tmp_path / "project", tmp_path / "data"
    run("init", str(project), home=engine.folder)
    data.mkdir()
    (data / "big.csv").write_bytes(b"1,2\n" * 500_000)
    engine.client("s3").create_bucket(Bucket="mlsystem-data")
    assert engine.process is not None
    pid, unlimited = engine.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    # The limit on the size of a file stands for the disk.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    try:
        done = run("--project", str(project), "upload", str(data), home=engine.folder)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    assert (done.returncode, done.stdout) == (1, "")
    assert "big.csv cannot be uploaded" in done.stderr and "disk of the engine's data folder is full" in done.stderr
    assert done.stderr.count("\n") == 1
    again = run("--json", "--project", str(project), "upload", str(data), home=engine.folder)
    assert json.loads(again.stdout) == ["s3://mlsystem-data/data/big.csv"]


def test_the_shell_completes_commands_and_is_told_how(tmp_path: Path) -> None:
    asked = {"_MLSYSTEM_COMPLETE": "complete_bash", "COMP_WORDS": "mlsystem re", "COMP_CWORD": "1"}
    assert run(home=tmp_path, environment=asked).stdout.split() == ["restore", "retrain", "reject", "retry"]
    # The shell is the one that the command is typed in.
    script = 'mlsystem --show-completion && mlsystem --install-completion && . "$HOME/.bashrc" && complete -p mlsystem'
    environment = {"PATH": f"{SCRIPTS}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "_mlsystem_completion() {" in done.stdout
    assert "complete -o default -F _mlsystem_completion mlsystem" in done.stdout


def test_the_analyzer_is_a_command_on_files_and_needs_no_engine(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("n\n" + "".join(f"{place}.5\n" for place in range(1000)))
    (tmp_path / "now.csv").write_text("n\n" + "".join(f"{place}.5\n" for place in range(5000, 6000)))
    files = {name: str(tmp_path / name) for name in ("train.csv", "now.csv", "baseline", "found")}
    profiled = run("monitor", "profile", files["train.csv"], "--output", files["baseline"], home=tmp_path / "none")
    assert (profiled.returncode, profiled.stdout) == (0, "Completed: Job completed successfully with no violations.\n")
    options = ["--baseline", files["baseline"], "--output", files["found"]]
    checked = run("monitor", "check", files["now.csv"], *options, home=tmp_path / "none")
    assert checked.returncode == 0
    assert "Drift: drifted (of 1 features: 1 drifted)" in checked.stdout
    reported = run("monitor", "report", files["found"], home=tmp_path / "none")
    assert (reported.returncode, f"The report is {files['found']}/report.html" in reported.stdout) == (0, True)
    missing = run("monitor", "report", files["baseline"], home=tmp_path / "none")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert files["baseline"] in missing.stderr


def test_the_analyzer_reads_what_lies_in_the_targets_buckets(engine: LiveEngine, tmp_path: Path) -> None:
    s3 = engine.client("s3")
    s3.create_bucket(Bucket="to-be-profiled")
    s3.put_object(Bucket="to-be-profiled", Key="data/train.csv", Body=b"n\n1\n2\n")
    options = ["s3://to-be-profiled/data", "--output", str(tmp_path)]
    assert run("monitor", "profile", *options, home=engine.folder).returncode == 0
    assert json.loads((tmp_path / "statistics.json").read_text())["dataset"] == {"item_count": 2}
    nobody = run("monitor", "profile", *options, home=tmp_path / "none")
    assert (nobody.returncode, nobody.stdout) == (3, "")
    assert "no engine" in nobody.stderr


def test_init_makes_a_project_once(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    done = run("init", str(folder), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (folder / "pipeline.yml").is_file()
    assert os.access(folder / "container" / "code" / "train", os.X_OK)
    assert (folder / "studio_nbs" / "mlops.ipynb").is_file()
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
    assert "Not isolated: the kernel" in missing.stderr.replace("\n", " "), "what programs run in"
    assert "mlsystem deploy" in missing.stderr
    line = Line(engine, "cli-line")
    line.prepare()
    line.upload("data")
    line.create()
    watched = mlsystem("--json", "status", "--watch")
    assert json.loads(watched.stdout)["status"] == "InProgress"
    stages = json.loads(mlsystem("--json", "status").stdout)
    assert [stage["name"] for stage in stages] == ["Source", "Build", "Release"]
    shown = mlsystem("status")
    assert "waits for you" in shown.stdout
    approved = mlsystem("--json", "approve", "--reason", "looks right")
    assert json.loads(approved.stdout)["decision"] == "approved", approved.stderr
    ended = mlsystem("--json", "status", "--watch")
    assert json.loads(ended.stdout)["status"] == "Succeeded"
    nothing = mlsystem("approve", "--reason", "again")
    assert nothing.returncode == 4
    assert "nothing in cli-line waits for approval" in nothing.stderr
    assert nothing.stderr.count("\n") == 1
    unknown = mlsystem("invoke", "1")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (4, 1)
    assert "nothing is deployed to prd" in unknown.stderr
    history = json.loads(mlsystem("--json", "history").stdout)
    assert [item["status"] for item in history] == ["Succeeded"]
    one = json.loads(mlsystem("--json", "history", history[0]["id"]).stdout)
    assert [item["name"] for item in one[0]["runs"]] == ["Source/Git", "Source/Data", "Build/Join", "Release/Approve"]
    logs = mlsystem("logs", "codebuild/cli-line", "--filter", "Phase")
    assert "Phase complete: BUILD" in logs.stdout
    lines = json.loads(mlsystem("--json", "logs", "codebuild/cli-line", "--filter", "Phase").stdout)
    assert [line["message"] for line in lines if "BUILD" in line["message"]] != []
    _stop_and_retry(mlsystem)


def _stop_and_retry(mlsystem: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """A second execution, as a program sees it: each answer is one JSON document."""
    watched = json.loads(mlsystem("--json", "run", "--watch").stdout)
    assert watched["status"] == "InProgress"
    rejected = json.loads(mlsystem("--json", "reject", "--reason", "no").stdout)
    assert rejected == {"execution": watched["execution"], "decision": "rejected"}
    failed = mlsystem("--json", "status", "--watch")
    assert (failed.returncode, json.loads(failed.stdout)["status"]) == (2, "Failed")
    retried = json.loads(mlsystem("--json", "retry").stdout)
    assert retried == {"stage": "Release", "execution": watched["execution"]}
    stopped = json.loads(mlsystem("--json", "stop", "--abandon").stdout)
    assert stopped == {"execution": watched["execution"]}


def test_a_data_source_with_a_missing_member_is_refused_by_name(engine: LiveEngine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run("init", str(project), home=engine.folder)
    path = tmp_path / "data-source.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputData.json", "{}")
    done = run("--project", str(project), "upload", str(path), home=engine.folder)
    assert done.returncode == 1
    assert "has no hyperparameters.json" in done.stderr
