"""Starts engines and commands as forks of one process that has imported both: that takes a second of a core, and tests start hundreds.

What is started is a process like any other: of its own session, with its own environment, folder and descriptors, ended by its pid. What
`python -m mlsystem.engine` and the script `mlsystem` do beside that is proven where tests use them from a shell, and by `mlsystem up`.

A fork has a guardian, its parent, which writes down its pid and, when it has ended, its exit status: `Program` reads them there.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

# Read when an interpreter starts, or by its loader: a fork would not heed them.
OF_INTERPRETERS = ("PYTHON", "LD_", "MALLOC_")
LONGEST_REQUEST = 512 * 1024
# Names the file through which an engine's machine is made to misbehave (tests/chaos/bent.py).
CONTROLS = "MLSYSTEM_TEST_CONTROLS"
ROOT = Path(__file__).parents[1]
BEGIN = "import sys; from tests.starter import main; main(int(sys.argv[1]))"
# The last is imported by an engine when it gets its first SAM template.
IMPORTED = ("boto3", "jsonschema", "mlsystem.cli.main", "mlsystem.engine.start", "samtranslator.translator.translator")
# What nearly every engine is asked for sooner or later.
SERVICES = (
    "cloudformation",
    "cloudwatch",
    "codepipeline",
    "ecr",
    "events",
    "iam",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "sts",
)


class Program:
    """A started program, with the part of subprocess.Popen's interface that tests use."""

    def __init__(self, pid: int, status: int, stdout: IO[bytes] | None = None):
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self.returncode = int(os.read(self._status, 100))
            os.close(self._status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Starter:
    """One for each process of tests; it begins when the first program is wanted."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None

    def engine(self, arguments: Sequence[str], environment: Mapping[str, str], errors: int = 2) -> Program:
        """The engine with these arguments; its standard output is a pipe, and `errors` a descriptor of ours."""
        output, theirs = os.pipe()
        try:
            pid, status = self._start("engine", arguments, environment, theirs, errors)
        finally:
            os.close(theirs)
        return Program(pid, status, os.fdopen(output, "rb"))

    def command(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: IO[bytes], errors: IO[bytes]
    ) -> Program:
        """The command `mlsystem`, which writes to these files."""
        return Program(*self._start("command", arguments, environment, output.fileno(), errors.fileno()))

    def _start(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int
    ) -> tuple[int, int]:
        """Its pid, and the descriptor on which its exit status will come."""
        control = self._control or self._begin()
        status, theirs = os.pipe()
        request = {"arguments": list(arguments), "environment": dict(environment), "folder": str(Path.cwd())}
        try:
            socket.send_fds(control, [json.dumps({"name": name, **request}).encode()], [output, errors, theirs])
        finally:
            os.close(theirs)
        return int(_line(status)), status

    def _begin(self) -> socket.socket:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self._control.setsockopt(socket.SOL_SOCKET, option, LONGEST_REQUEST)
        # The last word is what a person, or `mlsystem`, knows an engine by in a list of processes.
        command = [sys.executable, "-c", BEGIN, str(theirs.fileno()), "mlsystem.engine"]
        process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        atexit.register(_end, self._control, process)
        return self._control


def is_startable(environment: Mapping[str, str]) -> bool:
    """Whether a fork does what a new interpreter would with this environment."""
    return all(os.environ.get(name) == value for name, value in environment.items() if name.startswith(OF_INTERPRETERS))


STARTER = Starter()


def _line(descriptor: int) -> bytes:
    """Byte by byte: what follows is for somebody else."""
    found = b""
    while (byte := os.read(descriptor, 1)) not in (b"\n", b""):
        found += byte
    return found


def _end(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    control.close()
    process.wait(10)


# ---------------------------------------------------------------------- in the process that is forked
def main(descriptor: int) -> None:
    control = socket.socket(fileno=descriptor)
    _prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guardians are not waited for
    while True:
        data, descriptors, _flags, _address = socket.recv_fds(control, LONGEST_REQUEST, 3)
        if not data:
            return
        if os.fork() == 0:
            control.close()
            _guard(json.loads(data), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _prepare() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    from mlsystem.engine.runtime.api_model import service_model

    for service in SERVICES:
        service_model(service)
    gc.collect()
    gc.freeze()  # so that no collection copies the pages that forks share


def _guard(request: Mapping[str, object], output: int, errors: int, status: int) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        _become(request, output, errors)
    try:
        os.close(output)
        os.close(errors)
        os.write(status, f"{pid}\n".encode())
        _, how = os.waitpid(pid, 0)
        os.write(status, str(os.waitstatus_to_exitcode(how)).encode())
    finally:
        os._exit(0)


def _become(request: Mapping[str, object], output: int, errors: int) -> NoReturn:
    os.setsid()
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.closerange(3, 1024)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    sys.argv = ["mlsystem", *request["arguments"]]  # type: ignore[misc]
    if request["name"] == "engine":
        from mlsystem.engine.__main__ import begin

        if CONTROLS in os.environ:
            from tests.chaos.bent import bend

            bend(Path(os.environ[CONTROLS]))
        begin()
    from mlsystem.cli.main import main as command
    from tests.made_calls import record

    record()
    command()
    sys.exit(0)
