"""A program is run once under its id, with what it was given, and its end is told."""

import os
import queue
import shutil
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlsystem.engine.runtime.errors import InvalidProcess, NoSuchProcess, ProcessStillRunning, ShimFailed
from mlsystem.engine.runtime.interpreter import shim_command
from mlsystem.engine.runtime.process import Exited, Inbound, Log, Mount, NotStarted, ProcessSpec, Running, Status
from mlsystem.engine.runtime.shim import record
from tests.unit.engine.runtime.workbench import DEADLINE_SECONDS, PATH, Workbench

RUNTIMES = ("sandbox", "docker", "plain")

FOREVER = ("sleep", "1000")


def test_the_exit_code_is_told(bench: Workbench) -> None:
    how = bench.run("job", "sh", "-c", "exit 3")
    assert (how.exit_code, how.signal, how.reason) == (3, None, "exited")
    assert how.started_at <= how.ended_at
    assert bench.runner.status("job") == how


def test_the_signal_that_killed_it_is_told(bench: Workbench) -> None:
    how = bench.run("job", "sh", "-c", "kill -SEGV $$")
    assert (how.exit_code, how.signal, how.reason) == (None, signal.SIGSEGV, "exited")


def test_a_program_that_does_not_exist_is_named(bench: Workbench) -> None:
    how = bench.run("job", "no-such-program")
    assert (how.exit_code, how.reason) == (None, "start_failed")
    assert how.message == "no-such-program: No such file or directory"


def test_an_environment_that_cannot_be_passed_is_refused(bench: Workbench) -> None:
    how = bench.run("job", "true", environment={"PATH": PATH, "TEXT": "before\0after"})
    assert (how.reason, how.message) == ("start_failed", "true: embedded null byte")


def test_a_working_directory_that_does_not_exist_is_named(bench: Workbench) -> None:
    how = bench.run("job", "true", working_directory="/no/such/folder")
    assert (how.reason, how.message) == ("start_failed", "/no/such/folder: No such file or directory")


def test_a_mount_whose_source_does_not_exist_is_named(bench: Workbench) -> None:
    how = bench.run("job", "true", mounts=(Mount(bench.shared / "missing", "/opt/mlsystem-test/ml"),))
    assert how.reason == "start_failed"
    assert str(bench.shared / "missing") in how.message


def test_a_log_that_cannot_be_opened_is_named(bench: Workbench) -> None:
    log = bench.shared / "log"
    log.mkdir()
    how = bench.run("job", "true", log=Log(log))
    assert (how.reason, how.message) == ("start_failed", f"{log}: Is a directory")


def test_both_streams_are_in_the_log_in_order(bench: Workbench) -> None:
    bench.run("job", "sh", "-c", "echo one; echo two >&2; printf three")
    assert bench.log("job") == "one\ntwo\nthree"


def test_the_log_is_rotated(bench: Workbench) -> None:
    log = Log(bench.shared / "log", max_bytes=1000, keep=2)
    bench.run("job", "seq", "1", "1000", log=log)
    files = [log.path.with_name("log.2"), log.path.with_name("log.1"), log.path]
    assert sorted(bench.shared.iterdir()) == sorted(files)
    numbers = "".join(file.read_text() for file in files).split()
    assert numbers == [str(number) for number in range(int(numbers[0]), 1001)]
    assert all(file.stat().st_size <= 1000 for file in files)


def test_the_program_gets_its_environment_and_nothing_else(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_ENGINE", "x")
    bench.run("job", "/usr/bin/env", environment={"GREETING": "grüß dich"})
    assert bench.log("job") == "GREETING=grüß dich\n"


def test_the_program_inherits_nothing_that_the_engine_has_open(bench: Workbench) -> None:
    with (bench.shared / "open").open("w") as file:
        inherited = file.fileno()
        os.set_inheritable(inherited, True)
        bench.run("job", "sh", "-c", "echo /proc/self/fd/*")
    standard_streams_and_the_folder_that_the_shell_lists = [f"/proc/self/fd/{number}" for number in range(4)]
    assert bench.log("job").split() == standard_streams_and_the_folder_that_the_shell_lists


def test_the_program_dies_of_a_broken_pipe_as_programs_do(bench: Workbench) -> None:
    how = bench.run("job", "bash", "-c", "yes | head -1; exit ${PIPESTATUS[0]}")
    assert how.exit_code == 128 + signal.SIGPIPE


def test_a_process_is_started_once(bench: Workbench) -> None:
    spec = bench.spec("job", "sh", "-c", "echo ran")
    bench.runner.start(spec)
    bench.runner.start(spec)
    bench.end_of("job")
    assert bench.log("job") == "ran\n"


def test_the_end_is_reported_again_to_who_starts_it_again(bench: Workbench) -> None:
    spec = bench.spec("job", "sh", "-c", "echo ran; exit 3")
    bench.runner.start(spec)
    first = bench.end_of("job")
    bench.runner.start(spec)
    assert bench.end_of("job") == first
    assert bench.log("job") == "ran\n"


def test_many_starts_at_once_admit_exactly_one_runner(bench: Workbench) -> None:
    """Runners of their own, as when the shim of a dead engine is on its way: only the lock on disk decides."""
    runners = [bench.new_runner() for _ in range(6)]
    spec = bench.spec("job", "sh", "-c", "echo ran; exec sleep 1000")
    with ThreadPoolExecutor(len(runners)) as threads:
        list(threads.map(lambda runner: runner.start(spec), runners))
    statuses = {runner.status("job") for runner in runners}
    assert statuses == {Running(bench.shim_pid("job"))}
    bench.printed("job", "ran")
    bench.kill_shim("job")
    for _ in runners:
        assert bench.end_of("job").reason == "lost"
    for runner in runners:
        runner.close()
    assert bench.log("job") == "ran\n"


def test_a_shim_that_comes_when_all_is_over_does_not_run_it_again(bench: Workbench) -> None:
    bench.run("job", "sh", "-c", "echo ran")
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    subprocess.run(shim_command(bench.data / "processes" / "job", writing), close_fds=False, check=True)
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert bench.log("job") == "ran\n"


def test_a_plan_without_a_shim_is_started(bench: Workbench) -> None:
    """The engine may die between writing down what it starts and starting it."""
    folder = bench.data / "processes" / "job"
    folder.mkdir()
    record.replace(str(folder / record.PLAN), {"half": "a plan"})
    assert bench.runner.adopt() == []
    assert bench.runner.status("job") == NotStarted()
    assert bench.run("job", "true").exit_code == 0


def test_a_shim_that_cannot_begin_is_told_and_may_be_started_again(bench: Workbench) -> None:
    lock = bench.data / "processes" / "job" / record.LOCK
    lock.mkdir(parents=True)
    with pytest.raises(ShimFailed, match=r"job.*Is a directory"):
        bench.start("job", "true")
    lock.rmdir()
    assert bench.run("job", "true").exit_code == 0


def test_a_callback_that_fails_is_told_again_and_hinders_no_other_end(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    told: queue.Queue[str] = queue.Queue()
    has_room = threading.Event()
    attempts = []

    def take_note(process_id: str, how: Exited) -> None:
        if process_id == "one":
            attempts.append(process_id)
            if len(attempts) == 1 or not has_room.is_set():
                raise OSError("the disk is full")
        told.put(process_id)
        has_room.set()

    bench.runner.watch(take_note)
    bench.start("one", "true")
    bench.start("two", "true")
    assert [told.get(timeout=30), told.get(timeout=30)] == ["two", "one"]
    assert "the disk is full" in caplog.text


def test_what_is_forgotten_leaves_nothing_and_its_id_is_free(bench: Workbench) -> None:
    bench.run("job", "sh", "-c", "echo x > /tmp/file; exit 3")
    bench.runner.forget("job")
    bench.runner.forget("job")
    assert list((bench.data / "processes").iterdir()) == []
    assert bench.runner.status("job") == NotStarted()
    assert bench.run("job", "true").exit_code == 0


def test_a_process_that_is_being_forgotten_has_its_own_end_or_none(bench: Workbench) -> None:
    """A room forgets a process as soon as it knows of the end, which may be told again just then, as after every restart."""
    end = bench.run("job", "true")
    processes = bench.data / "processes"

    def ends_until_it_is_forgotten(process_id: str) -> set[Status]:
        return set(iter(lambda: bench.runner.status(process_id), NotStarted()))

    for number in range(60):
        copy = processes / f"job-{number}"
        copy.mkdir()
        for name in (record.LOCK, record.STARTED, record.EXIT):
            shutil.copy(processes / "job" / name, copy)
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(ends_until_it_is_forgotten, copy.name)
            bench.runner.forget(copy.name)
            assert found.result(DEADLINE_SECONDS) <= {end}
    assert [path.name for path in processes.iterdir()] == ["job"]


def test_what_runs_cannot_be_forgotten(bench: Workbench) -> None:
    bench.start("job", *FOREVER)
    with pytest.raises(ProcessStillRunning, match="job still runs"):
        bench.runner.forget("job")


def test_what_was_half_forgotten_is_gone_after_adoption(bench: Workbench) -> None:
    left = bench.data / "processes" / ".forgotten-job-1"
    left.mkdir()
    assert bench.runner.adopt() == []
    assert not left.exists()


def test_a_signal_reaches_the_program(bench: Workbench) -> None:
    # The shell runs no program meanwhile: Debian's forgets a signal that comes while it starts one.
    bench.start("job", "sh", "-c", "trap 'echo reloaded; exit 4' HUP; echo ready; while :; do :; done")
    bench.printed("job", "ready")
    bench.runner.signal("job", signal.SIGHUP)
    assert bench.end_of("job").exit_code == 4
    assert "reloaded" in bench.log("job")


def test_a_signal_to_what_does_not_run_is_refused(bench: Workbench) -> None:
    with pytest.raises(NoSuchProcess, match="job does not run, so SIGHUP"):
        bench.runner.signal("job", signal.SIGHUP)


@pytest.mark.parametrize("process_id", ["", "..", "a/b", ".hidden", "x" * 201])
def test_an_id_that_is_no_file_name_is_refused(bench: Workbench, process_id: str) -> None:
    with pytest.raises(InvalidProcess, match="no process id"):
        bench.runner.status(process_id)


def test_a_specification_that_cannot_run_anywhere_is_refused() -> None:
    log = Log(Path("/log"))
    with pytest.raises(InvalidProcess, match="argv is empty"):
        ProcessSpec("job", (), log)
    for target in ("relative", "/", "/opt/../etc"):
        with pytest.raises(InvalidProcess, match="no absolute path below /"):
            ProcessSpec("job", ("true",), log, mounts=(Mount(Path("/data"), target),))
    with pytest.raises(InvalidProcess, match="shorter data folder"):
        ProcessSpec("job", ("true",), log, inbound=Inbound(Path("/" + "x" * 107), 8080))
