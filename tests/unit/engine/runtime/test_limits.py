"""Limits of memory and processors: kept by the kernel where it lets us, and by looking where it does not."""

import dataclasses
import hashlib
import os
import signal
from pathlib import Path

import pytest

from mlsystem.engine.runtime import cgroup
from mlsystem.engine.runtime.cgroup import Cgroups, Controller
from mlsystem.engine.runtime.machine import Machine, probe
from tests.unit.engine.runtime.workbench import PYTHON, Workbench, eventually

MIB = 2**20
GREEDY = "hold = bytearray(300 * 2**20); print('got it', flush=True); import time; time.sleep(1000)"
BEST = probe()
WATCHED = dataclasses.replace(BEST, cgroups=None)
PLAIN = Machine(None)
KINDS = {"watched": WATCHED, "plain": PLAIN, "docker": "docker"} | ({"by-the-kernel": BEST} if BEST.cgroups else {})
EVERY_KIND = pytest.mark.parametrize("machine", KINDS.values(), ids=KINDS, indirect=True)
KERNEL = pytest.mark.skipif(BEST.cgroups is None, reason="not run: this machine grants no control groups")


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Machine:
    """That of the workbench: each test says which."""
    chosen: Machine = getattr(request, "param", BEST)
    return chosen if isinstance(chosen, Machine) else request.getfixturevalue("containing")


def python(script: str) -> tuple[str, ...]:
    return (PYTHON, "-I", "-S", "-c", script)


@EVERY_KIND
def test_a_program_over_its_memory_limit_is_killed(bench: Workbench) -> None:
    how = bench.run("job", *python(GREEDY), memory_limit_bytes=100 * MIB)
    assert (how.exit_code, how.signal, how.reason) == (None, signal.SIGKILL, "memory_limit")
    assert how.message == "it held more than 100 MiB of memory"


@EVERY_KIND
def test_a_child_over_the_memory_limit_ends_the_whole_program(bench: Workbench) -> None:
    """As a worker of Gunicorn, which would be started again and again."""
    script = f"import os, time\nif os.fork() == 0:\n    {GREEDY}\nwhile True: time.sleep(1)"
    how = bench.run("job", *python(script), memory_limit_bytes=100 * MIB)
    assert how.reason == "memory_limit"


@EVERY_KIND
def test_children_that_share_their_memory_are_not_counted_twice(bench: Workbench) -> None:
    """80 MiB seen by five processes are 400 MiB resident, and 80 MiB of the machine's."""
    sharing = (
        "import os, time\n"
        "hold = bytes(os.urandom(1)) * (80 * 2**20)\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        sum(hold[::4096])\n"
        "        time.sleep(1000)\n"
        "time.sleep(0.8)\n"
    )
    how = bench.run("job", *python(sharing), memory_limit_bytes=200 * MIB)
    assert (how.exit_code, how.reason) == (0, "exited")


@KERNEL
def test_files_in_memory_count_where_the_kernel_keeps_the_limit(bench: Workbench) -> None:
    script = "with open('/dev/shm/hog', 'wb') as file:\n    for _ in range(300): file.write(bytes(2**20))"
    assert bench.run("job", *python(script), memory_limit_bytes=100 * MIB).reason == "memory_limit"


@KERNEL
def test_a_program_cannot_raise_its_own_limit(bench: Workbench) -> None:
    script = 'for limit in $(find /sys/fs/cgroup -name memory.limit_in_bytes -o -name memory.max); do echo 9999999999 > "$limit"; done'
    bench.run("job", "sh", "-c", script, memory_limit_bytes=100 * MIB)
    said = bench.log("job")
    assert said
    assert all("Read-only file system" in line or "Permission denied" in line for line in said.splitlines())


@KERNEL
def test_the_groups_of_a_program_are_gone_with_it(bench: Workbench) -> None:
    bench.start(
        "job", *python("print('runs', flush=True); import time; time.sleep(1000)"), memory_limit_bytes=100 * MIB
    )
    bench.printed("job", "runs")
    assert _groups(bench) != []
    bench.kill_shim("job")  # which would have removed them
    bench.end_of("job")
    bench.runner.forget("job")
    assert _groups(bench) == []
    bench.run("other", "true", memory_limit_bytes=100 * MIB)
    assert _groups(bench) == []


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="not run: one processor cannot be shared out")
def test_a_program_has_as_many_processors_as_it_may(bench: Workbench) -> None:
    bench.run("job", *python("import os; print(len(os.sched_getaffinity(0)))"), cpu_limit=1)
    bench.run("all", *python("import os; print(len(os.sched_getaffinity(0)))"), cpu_limit=1000)
    assert (bench.log("job"), bench.log("all")) == ("1\n", f"{len(os.sched_getaffinity(0))}\n")


@KERNEL
def test_a_program_that_takes_more_processors_gets_no_more_of_their_time(bench: Workbench) -> None:
    script = (
        "import os\n"
        "os.sched_setaffinity(0, range(os.cpu_count()))\n"
        "print('runs', flush=True)\n"
        "os.fork()\n"
        "while True: pass\n"
    )
    bench.start("job", *python(script), cpu_limit=1, memory_limit_bytes=500 * MIB)
    bench.printed("job", "runs")
    name = _groups(bench)[0].name
    assert BEST.cgroups is not None
    assert BEST.cgroups.cpu is not None
    group = BEST.cgroups.cpu.parent / name
    # On a busy machine others would leave it less than it may have: here it goes before them.
    for file, most in (("cpu.shares", "262144"), ("cpu.weight", "10000")):
        if (group / file).exists():
            (group / file).write_text(most)
    eventually(lambda: "nr_throttled 0" not in (group / "cpu.stat").read_text(), "the kernel holds it back")


@pytest.mark.skipif(
    BEST.cgroups is None or BEST.cgroups.pids is None, reason="not run: nobody may limit processes here"
)
def test_a_program_cannot_start_processes_for_ever(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "most_processes", lambda: 50)
    script = (
        "import os, sys\n"
        "for count in range(200):\n"
        "    try:\n"
        "        if os.fork() == 0: os.execv('/bin/sleep', ['sleep', '1000'])\n"
        "    except OSError as error: sys.exit(f'{error.strerror} after {count}')\n"
    )
    bench.run("job", *python(script))
    said, count = bench.log("job").strip().split(" after ")
    assert (said, 30 < int(count) < 50) == ("Resource temporarily unavailable", True)
    assert bench.run("next", "true").exit_code == 0


def test_groups_that_are_not_granted_any_more_leave_the_limit_to_be_watched(bench: Workbench, tmp_path: Path) -> None:
    gone = Controller(tmp_path / "missing" / "parent", tmp_path)
    bench.machine = dataclasses.replace(BEST, cgroups=Cgroups(gone, gone, is_unified=False))
    bench.restart()
    assert bench.run("job", *python(GREEDY), memory_limit_bytes=100 * MIB).reason == "memory_limit"


# ---------------------------------------------------------------------- version 2, as its files are laid out


@pytest.fixture
def unified(tmp_path: Path) -> Path:
    """A machine on which this process is a person's, in a group below one that gives controllers."""
    proc, root = tmp_path / "proc", tmp_path / "fs"
    home = root / "user.slice/user@1000.service/app.slice/terminal.scope"
    home.mkdir(parents=True)
    proc.mkdir()
    (proc / "mountinfo").write_text(f"31 23 0:28 / {root} rw,nosuid - cgroup2 cgroup2 rw\n")
    (proc / "cgroup").write_text("0::/user.slice/user@1000.service/app.slice/terminal.scope\n")
    (home / "cgroup.subtree_control").write_text("")
    (home.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    return proc


def test_on_version_2_groups_are_made_beside_the_own_one(unified: Path) -> None:
    found = next(cgroup._candidates(unified))
    [group] = found.groups("mlsystem-job", 100 * MIB, 1.5)
    assert Path(group["folder"]).parts[-2:] == ("app.slice", "mlsystem-job")
    assert Path(group["home"]).name == "terminal.scope"
    assert [setting[:2] for setting in group["settings"]] == [
        ["memory.max", "104857600"],
        ["memory.swap.max", "0"],
        ["cpu.max", "150000 100000"],
        ["pids.max", str(cgroup.most_processes())],
    ]
    assert group["events"] == "memory.events"


def test_on_version_2_nothing_is_used_that_nobody_gave(unified: Path) -> None:
    for file in (unified.parent / "fs").rglob("cgroup.subtree_control"):
        file.write_text("pids\n")
    assert cgroup.probe(unified) is None


def test_a_machine_that_says_nothing_of_groups_has_none(tmp_path: Path) -> None:
    assert cgroup.probe(tmp_path) is None


def _groups(bench: Workbench) -> list[Path]:
    assert BEST.cgroups is not None
    engine = hashlib.sha256(os.fsencode(bench.data / "processes")).hexdigest()[:12]
    return list(BEST.cgroups.memory.parent.glob(f"mlsystem-{engine}-*"))
