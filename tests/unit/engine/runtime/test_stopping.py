"""What ends a program before it ends by itself, and how it is told apart."""

import os
import resource
import signal

import pytest

from mlsystem.engine.runtime.process import NotStarted
from tests.unit.engine.runtime.workbench import Lifeline, Workbench

RUNTIMES = ("sandbox", "docker", "plain")

# The shell runs no program meanwhile: Debian's forgets a signal that comes while it starts one.
STUBBORN = "trap 'echo asked to stop' TERM; echo ready; while :; do :; done"
GENTLE = "trap 'echo asked to stop; exit 5' TERM; echo ready; while :; do :; done"
BOTH_KINDS = pytest.mark.parametrize("sandbox", ["sandboxed", "host"])


@BOTH_KINDS
def test_a_stopped_program_gets_sigterm_and_may_end_by_itself(bench: Workbench, sandbox: str) -> None:
    bench.start("job", "sh", "-c", GENTLE, sandbox=sandbox)
    bench.printed("job", "ready")
    bench.runner.stop("job", "StopTrainingJob")
    how = bench.end_of("job")
    assert (how.exit_code, how.signal, how.reason, how.message) == (5, None, "stopped", "StopTrainingJob")
    assert bench.log("job") == "ready\nasked to stop\n"


@BOTH_KINDS
def test_a_program_that_does_not_end_is_killed_after_its_grace(bench: Workbench, sandbox: str) -> None:
    bench.start("job", "sh", "-c", STUBBORN, sandbox=sandbox, stop_grace_seconds=0.2)
    bench.printed("job", "ready")
    bench.runner.stop("job", "enough")
    how = bench.end_of("job")
    assert (how.exit_code, how.signal, how.reason) == (None, signal.SIGKILL, "stopped")
    assert bench.log("job") == "ready\nasked to stop\n"


def test_a_program_that_stands_still_is_killed_all_the_same(bench: Workbench) -> None:
    bench.start("job", "sh", "-c", GENTLE, stop_grace_seconds=0.2)
    bench.printed("job", "ready")
    bench.runner.signal("job", signal.SIGSTOP)
    bench.runner.stop("job", "enough")
    assert bench.end_of("job").signal == signal.SIGKILL


def test_the_first_stop_is_the_one_that_counts(bench: Workbench) -> None:
    bench.start("job", "sh", "-c", STUBBORN, stop_grace_seconds=0.2)
    bench.printed("job", "ready")
    for reason in ("first", "second"):
        bench.runner.stop("job", reason)
    assert bench.end_of("job").message == "first"
    bench.runner.stop("job", "third")
    assert bench.log("job").count("asked to stop") == 1


def test_a_program_can_be_stopped_when_the_disk_is_full(bench: Workbench) -> None:
    """The limit on the size of files stands for the disk; what could not be written down is not told in the end."""
    bench.start("job", "sh", "-c", GENTLE)
    bench.printed("job", "ready")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        bench.runner.stop("job", "mlsystem down")
        with pytest.raises(OSError, match="File too large"):
            bench.runner.stop("never", "mlsystem down")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    how = bench.end_of("job")
    assert (how.exit_code, how.reason, how.message) == (5, "stopped", "")


def test_a_stop_that_comes_before_the_start_wins(bench: Workbench) -> None:
    bench.runner.stop("job", "changed our mind")
    assert bench.runner.status("job") == NotStarted()
    how = bench.run("job", "sh", "-c", "echo ran")
    assert (how.reason, how.message, how.exit_code) == ("stopped", "changed our mind", None)
    assert bench.log("job") == ""


def test_a_shim_told_to_terminate_stops_its_program(bench: Workbench) -> None:
    """As when the machine shuts down."""
    bench.start("job", "sh", "-c", GENTLE)
    bench.printed("job", "ready")
    os.kill(bench.shim_pid("job"), signal.SIGTERM)
    how = bench.end_of("job")
    assert (how.exit_code, how.reason) == (5, "stopped")


def test_a_program_over_its_time_limit_is_stopped_as_any_other(bench: Workbench) -> None:
    how = bench.run("job", "sh", "-c", GENTLE, time_limit_seconds=0.5)
    assert (how.exit_code, how.reason, how.message) == (5, "time_limit", "it ran longer than 0.5 seconds")


@BOTH_KINDS
def test_what_a_program_leaves_behind_ends_with_it(bench: Workbench, lifeline: Lifeline, sandbox: str) -> None:
    """Also what made itself a session of its own, or lost its parent."""
    script = f"exec 9> {lifeline.path}; setsid sleep 1000 & setsid -f sleep 1000; exit 3"
    how = bench.run("job", "sh", "-c", script, sandbox=sandbox, mounts=lifeline.mounts)
    assert how.exit_code == 3
    assert lifeline.is_closed()


@BOTH_KINDS
def test_a_killed_program_takes_its_children_with_it(bench: Workbench, lifeline: Lifeline, sandbox: str) -> None:
    script = f"exec 9> {lifeline.path}; setsid sleep 1000 & setsid -f sleep 1000; echo ready >&9; wait"
    settings = {"sandbox": sandbox, "mounts": lifeline.mounts, "stop_grace_seconds": 0.0}
    bench.start("job", "sh", "-c", script, **settings)
    lifeline.wait_for("ready\n")
    bench.runner.stop("job", "enough")
    assert bench.end_of("job").reason == "stopped"
    assert lifeline.is_closed()


def test_orphans_of_a_program_are_reaped_while_it_runs(bench: Workbench) -> None:
    script = "for n in 1 2 3; do setsid -f true; done; while ps -o stat= --ppid $PPID | grep -q Z; do sleep 0.01; done; echo clean"
    assert bench.run("job", "sh", "-c", script, time_limit_seconds=10.0).exit_code == 0
