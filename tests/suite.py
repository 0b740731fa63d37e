"""Runs the whole suite in its parts, and says at the end how long each group of tests took.

python -m tests.suite

Linters, type checks and calm tests run beside the first part, on what it leaves of the processors. Systems whose rollbacks and
shifts are timed come last, two at a time on two cores: beside more they get too little of them. What they leave the tests without
an engine take.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests import finished, seconds

ROOT = Path(__file__).parents[1]
# Test processes of the parts.
MOST, MEASURED, BESIDE, CALMLY = 3, 2, 2, 1
# Without an engine.
UNITS = ("tests/unit", "tests/aws")
# Those of them that start no server, and so have all the time that there is.
CALM = ("tests/unit/monitor", "tests/unit/engine/decide")
MEMORY_FOLDER = Path("/dev/shm")
# Of the suite's folders, and of memory that is left for its programs when these folders are full.
SCRATCH_BYTES, PROGRAM_BYTES = 8 << 30, 8 << 30


def scratch_parent(memory: Path, meminfo: str) -> Path | None:
    """Where the folders of tests are made: in memory where there is plenty, as engines sync all they acknowledge. None: where TMPDIR says.

    `meminfo` is the text of /proc/meminfo. Programs are started from these folders, so that a file system without them does not serve.
    """
    available = next(
        (int(line.split()[1]) << 10 for line in meminfo.splitlines() if line.startswith("MemAvailable")), 0
    )
    if not os.access(memory, os.W_OK) or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return None
    enough = shutil.disk_usage(memory).free >= SCRATCH_BYTES and available >= SCRATCH_BYTES + PROGRAM_BYTES
    return memory if enough else None


def main() -> int:
    meminfo = Path("/proc/meminfo")
    # Paths of sockets must be short, and these are their beginnings.
    scratch = Path(tempfile.mkdtemp(prefix="t", dir=scratch_parent(MEMORY_FOLDER, meminfo.read_text())))
    shared, seconds_file = scratch / "shared", scratch / "seconds"
    shared.mkdir()
    os.environ.update(
        {
            "TMPDIR": str(scratch),
            finished.FOLDER_VARIABLE: str(shared),
            seconds.FILE_VARIABLE: str(seconds_file),
        }
    )
    lint = Beside(["make", "--no-print-directory", "lint"], scratch / "lint")
    calm = Beside(_pytest(scratch / "c", CALMLY, *CALM), scratch / "calm")
    failed = _run(_pytest(scratch / "a", MOST, "tests", *_without(UNITS), "-m", "not measured"))
    failed |= lint.is_failed()
    units = Beside(_pytest(scratch / "u", BESIDE, *UNITS, *_without(CALM)), scratch / "units")
    failed |= _run(_pytest(scratch / "m", MEASURED, "tests/e2e", "-m", "measured"))
    failed |= units.is_failed()
    failed |= calm.is_failed()
    sys.stdout.write(f"{seconds.table(seconds_file.read_text().splitlines())}\n")
    if failed:
        sys.stdout.write(f"what the failed tests left is in {scratch}; remove it when you have looked\n")
    else:
        shutil.rmtree(scratch)
    return int(failed)


class Beside:
    """A command that gives way to everything else; what it says is shown when it has ended."""

    def __init__(self, command: Sequence[str], output: Path):
        self._output = output
        with output.open("w") as said:
            self._process = subprocess.Popen(["nice", "-n", "19", *command], cwd=ROOT, stdout=said, stderr=said)

    def is_failed(self) -> bool:
        """Once it has ended."""
        failed = self._process.wait() != 0
        sys.stdout.write(self._output.read_text())
        sys.stdout.flush()
        return failed


def _pytest(folder: Path, processes: int, *arguments: str) -> Sequence[str]:
    """A file of tests, or a folder of them that share a system, stays in one process (tests/sharing.py)."""
    distribution = ["--dist", "loadfile", "--no-loadscope-reorder", "--numprocesses", str(processes)]
    return [sys.executable, "-m", "pytest", *distribution, "--basetemp", str(folder), *arguments]


def _without(folders: Sequence[str]) -> Sequence[str]:
    return [option for folder in folders for option in ("--ignore", folder)]


def _run(command: Sequence[str]) -> bool:
    """Whether it failed."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
