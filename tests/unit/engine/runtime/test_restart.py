"""What is known of a program although the engine, the shim, or both were killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsystem.engine.runtime.process import Exited, Mount, NotStarted, Running
from mlsystem.engine.runtime.shim import record
from mlsystem.engine.runtime.shim.memory import children
from tests.unit.engine.runtime.workbench import Lifeline, Workbench, eventually, late_shim

ENGINE = """
import sys
from pathlib import Path
from mlsystem.engine.runtime.choice import choose
from mlsystem.engine.runtime.process import Log, Mount, ProcessSpec
from mlsystem.engine.runtime.runner import ProcessRunner

data, shared = map(Path, sys.argv[1:3])
runner = ProcessRunner(data / "processes", choose(sys.argv[4], data), hidden=(data,))
spec = ProcessSpec("job", ("sh", "-c", sys.argv[3]), Log(data / "logs" / "job"),
                   {"PATH": "/usr/bin:/bin"}, mounts=(Mount(shared, str(shared), read_only=False),))
print("ready", flush=True)
sys.stdin.readline()
runner.start(spec)
print("started", flush=True)
sys.stdin.read()
"""

RUNTIMES = ("sandbox", "docker", "plain")


@contextmanager
def engine(bench: Workbench, script: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another engine on the same folder, which has been told to start the job. It is killed at the end."""
    command = [sys.executable, "-c", ENGINE, str(bench.data), str(bench.shared), script, bench.machine.kind]
    docker = bench.machine.docker
    settings = {} if docker is None else {"DOCKER_HOST": f"unix://{docker.socket}"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **settings}
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.write(b"start\n")
        process.stdin.flush()
        yield process
        process.kill()


@pytest.fixture
def waiting(bench: Workbench) -> Path:
    """A job that a dead engine started. It ends with exit code 7 when something is written to this FIFO."""
    go = bench.shared / "go"
    os.mkfifo(go)
    with engine(bench, f"echo ready; read line < {go}; exit 7") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
    bench.printed("job", "ready")
    return go


def test_the_exit_code_is_known_although_the_engine_was_dead(bench: Workbench, waiting: Path) -> None:
    waiting.write_text("go\n")
    bench.end_of_shim("job")
    bench.restart()
    assert bench.runner.adopt() == []
    how = bench.end_of("job")
    assert (how.exit_code, how.reason) == (7, "exited")


def test_a_living_process_is_adopted_and_its_end_is_reported(bench: Workbench, waiting: Path) -> None:
    bench.restart()
    assert bench.runner.adopt() == ["job"]
    assert isinstance(bench.runner.status("job"), Running)
    waiting.write_text("go\n")
    assert bench.end_of("job").exit_code == 7


def test_starting_it_again_adopts_it(bench: Workbench, waiting: Path) -> None:
    bench.start("job", "sh", "-c", "echo ran again")
    waiting.write_text("go\n")
    assert bench.end_of("job").exit_code == 7
    assert bench.log("job") == "ready\n"


def test_an_adopted_process_can_be_stopped(bench: Workbench, waiting: Path) -> None:
    assert bench.runner.adopt() == ["job"]
    bench.runner.stop("job", "enough")
    assert bench.end_of("job").reason == "stopped"


def test_closing_the_runner_leaves_the_processes_alive(bench: Workbench) -> None:
    bench.start("job", "sleep", "1000")
    pid = bench.shim_pid("job")
    bench.restart()
    assert bench.runner.adopt() == ["job"]
    assert bench.shim_pid("job") == pid


@pytest.mark.parametrize("sandbox", ["sandboxed", "host"])
def test_when_the_shim_is_killed_the_program_dies_with_all_its_children(
    bench: Workbench, lifeline: Lifeline, sandbox: str
) -> None:
    script = f"exec 9> {lifeline.path}; setsid sleep 1000 & setsid -f sleep 1000; echo ready >&9; exec sleep 1000"
    bench.start("job", "sh", "-c", script, sandbox=sandbox, mounts=lifeline.mounts)
    lifeline.wait_for("ready\n")
    bench.kill_shim("job")
    assert bench.end_of("job").reason == "lost"
    eventually(lifeline.is_closed, "all of them are dead")


def test_a_lost_process_is_not_run_again(bench: Workbench) -> None:
    spec = bench.spec("job", "sh", "-c", "echo ran; exec sleep 1000")
    bench.runner.start(spec)
    bench.printed("job", "ran")
    bench.kill_shim("job")
    lost = bench.end_of("job")
    assert (lost.exit_code, lost.signal, lost.reason) == (None, None, "lost")
    bench.runner.start(spec)
    assert bench.end_of("job") == lost
    assert bench.log("job") == "ran\n"


def test_a_process_lost_while_the_engine_was_dead_is_reported_at_adoption(bench: Workbench, waiting: Path) -> None:
    bench.kill_shim("job")
    bench.end_of_shim("job")
    bench.restart()
    assert bench.runner.adopt() == []
    lost = bench.end_of("job")
    assert (lost.reason, lost.message) == ("lost", "the process's shim was killed, or the machine was switched off")
    assert bench.runner.status("job") == lost


def once(bench: Workbench) -> str:
    return f"echo ran >> {bench.shared}/ran; sleep 0.03; exit 7"


def runs(bench: Workbench) -> int:
    ran = bench.shared / "ran"
    return ran.read_text().count("ran") if ran.exists() else 0


def start_again(bench: Workbench) -> Exited:
    mounts = (Mount(bench.shared, str(bench.shared), read_only=False),)
    return bench.run("job", "sh", "-c", once(bench), mounts=mounts)


@pytest.mark.parametrize("delay_seconds", [0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.2])
def test_whenever_the_engine_is_killed_the_program_runs_exactly_once(bench: Workbench, delay_seconds: float) -> None:
    """The delay is when to strike, not how long to wait for something."""
    with engine(bench, once(bench)):
        time.sleep(delay_seconds)
    assert start_again(bench).exit_code == 7
    assert runs(bench) == 1


@pytest.mark.parametrize("delay_seconds", [0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.3])
def test_whenever_engine_and_shim_are_killed_the_program_runs_at_most_once(
    bench: Workbench, delay_seconds: float
) -> None:
    with engine(bench, once(bench)) as process:
        time.sleep(delay_seconds)
        for pid in children(process.pid):
            os.kill(pid, signal.SIGKILL)
    how = start_again(bench)
    assert runs(bench) <= 1
    assert how.reason == "lost" or (how.exit_code, runs(bench)) == (7, 1)


def test_a_shim_that_dies_before_it_has_started_the_program_leaves_that_to_the_next(bench: Workbench) -> None:
    with late_shim(bench, "job") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "has the lock\n"
        assert bench.runner.status("job") == NotStarted()
        start = threading.Thread(target=bench.start, args=("job", "sh", "-c", "exit 3"))
        start.start()
        eventually((bench.data / "processes" / "job" / record.CONTROL).exists, "the second shim is there")
    start.join()
    assert bench.end_of("job").exit_code == 3


def test_an_end_is_reported_although_a_late_shim_holds_the_lock_when_it_comes(bench: Workbench) -> None:
    bench.start("job", "sleep", "1000")
    with late_shim(bench, "job") as other:
        bench.kill_shim("job")
        assert other.stdout is not None
        assert other.stdout.readline() == "has the lock\n"
    assert bench.end_of("job").reason == "lost"
