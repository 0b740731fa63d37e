"""The command: what it keeps and goes on with; and what it does to an engine's process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsystem.engine.front.signature import ALLOWED_SKEW_SECONDS
from tests.chaos.__main__ import FILE, main, missing, results, write
from tests.chaos.bent import Controls
from tests.chaos.engine import BentEngine, users_of
from tests.chaos.evidence import Evidence
from tests.chaos.faults import FAULTS, PROCESSES, Planned, Target, plan, process_of
from tests.chaos.run import Outcome
from tests.chaos.sink import Sink
from tests.smtp import serving

WELL = Outcome("1-0", ("kill_engine@0.1",), (), 6.0, 2, {"objects": 3})
BAD = Outcome("1-1", ("full_disk@0.2",), ("no_job_runs_twice: the program of x0 ran 2 times",), 6.0, 1, {}, "/left")


def test_it_goes_on_where_the_results_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / FILE
    assert missing(file, 1, 3) == [0, 1, 2]
    write(file, 1, 0, WELL)
    write(file, 2, 1, WELL)
    write(file, 1, 2, WELL)
    with file.open("a") as cut:
        cut.write('{"seed": 1, "num')
    assert (missing(file, 1, 4), missing(file, 2, 2), len(results(file))) == ([1, 3], [0], 3)
    assert main(["--runs", "1", "--seed", "1", "--results", str(tmp_path)]) == 0
    assert "1 runs of seed 1, 6.0 s each; failed: none" in capsys.readouterr().out


def test_a_failed_run_is_told_with_the_command_that_repeats_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / FILE, 1, 0, BAD)
    said = capsys.readouterr().out
    assert BAD.broken[0] in said
    assert "its folder: /left\nagain: python -m tests.chaos --seed 1 --run 0\n" in said
    assert main(["--runs", "1", "--seed", "1", "--results", str(tmp_path)]) == 1
    # A run that was repeated counts as it ended last.
    write(tmp_path / FILE, 1, 0, WELL)
    assert main(["--runs", "1", "--seed", "1", "--results", str(tmp_path)]) == 0


def test_a_seed_and_a_number_are_one_plan() -> None:
    for number in range(50):
        one = plan(random.Random(f"7 {number}"), number)
        assert one == plan(random.Random(f"7 {number}"), number)
        assert [planned.moment for planned in one] == sorted(planned.moment for planned in one)
    assert {process_of(kind) for kind in FAULTS} == {None, *PROCESSES}
    assert process_of("stop_engine") is None


def test_jumps_of_the_clock_add_up_to_no_more_than_signatures_allow(tmp_path: Path) -> None:
    live = BentEngine(tmp_path / "run", port=1, smtp_port=1)
    jumps = [("jump_forward", 600.0), ("jump_forward", 600.0), ("jump_back", 598.0), ("jump_forward", 600.0)]
    with contextmanager(serving)(Sink()) as sink:
        target = Target(live, sink, Evidence(), ())
        for kind, ahead in jumps:
            with FAULTS[kind](target, Planned(kind, 0.0, 0.0, amount=1.0)):
                assert live.controls.read()[0] == ahead < ALLOWED_SKEW_SECONDS


SCRIPT = """
import json, os, sys, time
from pathlib import Path
from tests.chaos.bent import Controls, bend
folder, controls = Path(sys.argv[1]), Path(sys.argv[1] + ".controls")
before = time.time()
bend(controls)
told = Controls(controls)
pipe = folder / "pipe"
os.mkfifo(pipe)
(folder / "old").write_text("1")
told.write(ahead=3600.0, is_read_only=True)
refused = []
for what in (lambda: (folder / "new").write_text("2"), (folder / "old").unlink, lambda: (folder / "old").rename(folder / "b")):
    try:
        what()
    except OSError as error:
        refused.append(error.strerror)
os.close(os.open(pipe, os.O_RDWR))
print(json.dumps([3590 < time.time() - before < 3700, refused, (folder / "old").read_text()]))
"""


def test_a_process_is_bent_as_the_controls_say(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    done = subprocess.run([sys.executable, "-c", SCRIPT, folder], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, 3 * ["Read-only file system"], "1"]
    controls = Controls(folder.with_suffix(".controls"))
    assert controls.read() == (3600.0, True, 0.0, 0.0)
    controls.write(is_read_only=False, lost=0.5)
    assert controls.read() == (3600.0, False, 0.0, 0.5)


@pytest.mark.parametrize("where", ["command", "environment", "folder"])
def test_whoever_has_to_do_with_a_folder_is_found(tmp_path: Path, where: str) -> None:
    told = str(tmp_path) if where == "command" else ""
    command = [sys.executable, "-c", "print(1, flush=True); input()", told]
    environment = {**os.environ, **({"HOME": str(tmp_path)} if where == "environment" else {})}
    place = tmp_path if where == "folder" else Path("/")
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, cwd=place, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    ) as one:
        assert one.stdout is not None
        one.stdout.readline()
        assert [told.partition(":")[0] for told in users_of(tmp_path)] == [str(one.pid)]
        one.communicate(b"\n")
    assert users_of(tmp_path) == []
