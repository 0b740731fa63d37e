"""A runner, the ends that it reported, and a broom for what a test left running."""

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.process import Exited, Log, Mount, ProcessSpec, Running
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.runtime.shim import record

T = TypeVar("T")

DEADLINE_SECONDS = 60.0
PATH = "/usr/bin:/bin"
PYTHON = str(Path(sys.executable).resolve())


def eventually(found: Callable[[], T | None], what: str) -> T:
    """What the function finds at last. AssertionError when the deadline comes first."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < give_up_at:
        value = found()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not in {DEADLINE_SECONDS:g} seconds: {what}")


class Workbench:
    """`folder/data` is as an engine's data folder, hidden from sandboxes; `folder/shared` is for mounts."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine = machine
        self.data = folder / "data"
        self.shared = folder / "shared"
        self.shared.mkdir(parents=True)
        self.ends: queue.Queue[tuple[str, Exited]] = queue.Queue()
        self.runner = self.new_runner()

    def new_runner(self, hidden: Sequence[Path] = ()) -> ProcessRunner:
        """As the next engine on the same data folder would make it; the ends go where those of the first one go."""
        runner = ProcessRunner(self.data / "processes", self.machine, hidden=(self.data, *hidden))
        runner.watch(lambda process_id, how: self.ends.put((process_id, how)))
        return runner

    def restart(self) -> None:
        self.runner.close()
        self.runner = self.new_runner()

    def spec(self, process_id: str, *argv: str, **settings: Any) -> ProcessSpec:
        settings.setdefault("environment", {"PATH": PATH})
        settings.setdefault("log", Log(self.log_path(process_id)))
        settings.setdefault("stop_grace_seconds", 10.0)
        return ProcessSpec(process_id, argv, **settings)

    def start(self, process_id: str, *argv: str, **settings: Any) -> None:
        self.runner.start(self.spec(process_id, *argv, **settings))

    def run(self, process_id: str, *argv: str, **settings: Any) -> Exited:
        """Starts it, and waits until its end is reported."""
        self.start(process_id, *argv, **settings)
        return self.end_of(process_id)

    def end_of(self, process_id: str) -> Exited:
        found, how = self.ends.get(timeout=DEADLINE_SECONDS)
        assert found == process_id
        return how

    def log_path(self, process_id: str) -> Path:
        return self.data / "logs" / process_id

    def log(self, process_id: str) -> str:
        path = self.log_path(process_id)
        return path.read_text() if path.exists() else ""

    def printed(self, process_id: str, text: str) -> None:
        """Waits until the program has printed the text."""
        eventually(lambda: text in self.log(process_id), f"{process_id} prints {text!r}")

    def shim_pid(self, process_id: str) -> int:
        status = self.runner.status(process_id)
        assert isinstance(status, Running)
        return status.pid

    def kill_shim(self, process_id: str) -> None:
        os.kill(self.shim_pid(process_id), signal.SIGKILL)

    def end_of_shim(self, process_id: str) -> None:
        """Waits until nobody holds the lock, although nobody watches."""
        eventually(lambda: not isinstance(self.runner.status(process_id), Running), f"the shim of {process_id} ends")

    def clear(self) -> None:
        for folder in sorted((self.data / "processes").iterdir()):
            if isinstance(self.runner.status(folder.name), Running):
                self.kill_shim(folder.name)
                self.end_of_shim(folder.name)
            self.runner.forget(folder.name)  # with its control groups
        self.runner.close()


LATE_SHIM = """
import fcntl, os, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
print("is there", flush=True)
fcntl.lockf(lock, fcntl.LOCK_EX)
print("has the lock", flush=True)
sys.stdin.read()
"""


@contextmanager
def late_shim(bench: Workbench, process_id: str) -> Iterator[subprocess.Popen[str]]:
    """Another shim for the same process, which takes the lock as soon as it can and does nothing with it."""
    folder = bench.data / "processes" / process_id
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", LATE_SHIM, str(folder / record.LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shim:
        assert shim.stdout is not None
        assert shim.stdout.readline() == "is there\n"
        yield shim
        shim.kill()


class Lifeline:
    """A FIFO in the shared folder. Who writes `exec 9> fifo` and dies, with all that inherited it, closes it."""

    def __init__(self, bench: Workbench) -> None:
        self.path = bench.shared / "lifeline"
        os.mkfifo(self.path)
        self._reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.mounts = (Mount(bench.shared, str(bench.shared), read_only=False),)

    def wait_for(self, text: str) -> None:
        eventually(lambda: self._read() == text.encode(), f"somebody writes {text!r}")

    def is_closed(self) -> bool:
        return self._read() == b""

    def close(self) -> None:
        os.close(self._reading)

    def _read(self) -> bytes | None:
        """None while somebody may still write."""
        try:
            return os.read(self._reading, 100)
        except BlockingIOError:
            return None
