"""The inference server's processes: Gunicorn, and Nginx before it where the image has it. The program `serve` runs `main`.

Where the container's host says that it stands before it itself (MODEL_SERVER_FRONT=host, as the local engine does),
Granian takes the place of both. All live and die together: if one ends, the other is ended and the exit code is 1, so
that SageMaker replaces the container. SIGTERM (a scale-in, an update) drains: no new requests, those under way are
answered, exit code 0. SIGHUP loads the model anew and replaces the workers, while requests are answered: by the old
model until the new one is there.

A host may also hand over an open socket that listens already: then its requests come without a detour by a port.

Environment: SAGEMAKER_BIND_TO_PORT (default 8080) or MODEL_SERVER_BIND (`host:port` or `unix:/path`) is where to listen;
MODEL_SERVER_FRONT (default `nginx`; `host`, where whole requests come on connections that are kept);
MODEL_SERVER_LISTENER (set by such a host: `LISTENER,TAKEN`, two descriptors; who takes the first writes to the second);
MODEL_SERVER_WORKERS (default: a worker per core); MODEL_SERVER_TIMEOUT (seconds for one request, default 60);
MODEL_SERVER_USER (whose the workers are, where `serve` is root: account.py).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from account import ROOT, Account, AccountError, workers_account
from faults import Fault, FaultError

PROGRAM = Path(__file__).resolve().parent
NGINX_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin"  # not on every PATH
UNIX = "unix:"
NGINX, HOST = "nginx", "host"  # who may stand before the workers
GUNICORN = (
    "-m",
    "gunicorn",
    "--config",
    str(PROGRAM / "gunicorn.conf.py"),
    "--chdir",
    str(PROGRAM),
    "wsgi:application",
)
GRANIAN = (str(PROGRAM / "granian_server.py"),)
BACKLOG = 2048


class SettingsError(Exception):
    """An environment variable that cannot be used."""


@dataclass(frozen=True)
class Settings:
    bind: str  # "8080", "127.0.0.1:8080" or "unix:/path", as Nginx spells it
    workers: int
    timeout_seconds: int
    front: str = NGINX
    listener: str = ""  # as MODEL_SERVER_LISTENER, where it is to be taken


def read_settings(environment: Mapping[str, str], cores: int) -> Settings:
    """Raises SettingsError, naming the variable."""
    port = _positive(environment, "SAGEMAKER_BIND_TO_PORT", 8080)
    bind = environment.get("MODEL_SERVER_BIND", "") or f"0.0.0.0:{port}"
    if not re.fullmatch(r"unix:/\S+|[\w.\-\[\]:]+:\d+", bind):
        raise SettingsError(f"MODEL_SERVER_BIND is {bind!r}; it must be host:port or unix:/path")
    front = environment.get("MODEL_SERVER_FRONT", "") or NGINX
    if front not in (NGINX, HOST):
        raise SettingsError(f"MODEL_SERVER_FRONT is {front!r}; it must be {NGINX} or {HOST}")
    return Settings(
        bind=bind,
        workers=_positive(environment, "MODEL_SERVER_WORKERS", cores),
        timeout_seconds=_positive(environment, "MODEL_SERVER_TIMEOUT", 60),
        front=front,
        listener=_offered_listener(environment) if front == HOST else "",
    )


def _offered_listener(environment: Mapping[str, str]) -> str:
    """Nothing where somebody between the host and this program has closed the descriptors, or it is told where to listen."""
    offered = environment.get("MODEL_SERVER_LISTENER", "")
    if not re.fullmatch(r"\d+,\d+", offered) or environment.get("MODEL_SERVER_BIND"):
        return ""
    try:
        listener, taken = (os.fstat(int(descriptor)).st_mode for descriptor in offered.split(","))
    except OSError:
        return ""
    return offered if stat.S_ISSOCK(listener) and stat.S_ISFIFO(taken) else ""


def nginx_configuration(template: str, settings: Settings, folder: Path, user: str) -> str:
    """The template with everything filled in; `user` as in `_nginx_user`."""
    words = {
        "USER": f"user {user};" if user else "",
        "WORKERS": str(settings.workers),
        "FOLDER": str(folder),
        "UPSTREAM": f"{UNIX}{gunicorn_socket(folder)}",
        "LISTEN": settings.bind,
        "TIMEOUT": str(settings.timeout_seconds),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: words[match.group(1)], template)


def gunicorn_socket(folder: Path) -> Path:
    return folder / "gunicorn.sock"


class Server:
    """The running processes. Nginx takes the connections; where there is none, those do whose workers answer."""

    def __init__(self, settings: Settings, account: Account | None, folder: Path, nginx: str | None) -> None:
        remove_stale_socket(settings.bind)
        self._draining = False
        self._answering: subprocess.Popen[bytes] | None = None
        self._nginx: subprocess.Popen[bytes] | None = None
        signal.signal(signal.SIGTERM, self._drain)
        signal.signal(signal.SIGINT, self._drain)
        signal.signal(signal.SIGHUP, self._reload)
        if nginx:
            with _listen(folder, account) as listener:  # before Nginx starts: an early request waits, and does not fail
                bind = f"fd://{listener.fileno()}"
                self._answering = _start_workers(settings, account, bind, [listener.fileno()])
            self._nginx = _start_nginx(nginx, settings, account, folder)
        else:
            bind = f"{UNIX}{folder / 'unused.sock'}" if settings.listener else settings.bind
            descriptors = [int(descriptor) for descriptor in settings.listener.split(",") if descriptor]
            self._answering = _start_workers(settings, account, bind, descriptors)
            for descriptor in descriptors:  # theirs alone
                os.close(descriptor)
        if self._draining:  # the signal came while they started
            self._drain()

    def wait(self) -> int:
        """Until both have ended; returns the exit code."""
        exit_code = 0
        running = {process.pid: process for process in (self._nginx, self._answering) if process}
        while running:
            pid, status = os.wait()
            process = running.pop(pid, None)  # as the first process of a container we inherit orphans too
            if process is None:
                continue
            process.returncode = os.waitstatus_to_exitcode(status)
            if not self._draining:
                print(f"error: {process.args!r} ended with {process.returncode}", file=sys.stderr, flush=True)
                self._draining, exit_code = True, 1
            for other in running.values():
                _tell(other, signal.SIGTERM)  # Nginx has ended, and so its requests: now the other may go
        return exit_code

    def _drain(self, *_: object) -> None:
        """The front stops listening and finishes what it has; `wait` then ends the other."""
        self._draining = True
        if self._nginx:
            _tell(self._nginx, signal.SIGQUIT)
        elif self._answering:
            _tell(self._answering, signal.SIGTERM)

    def _reload(self, *_: object) -> None:
        """Their parent does it. A signal that comes before there is one comes before the model is read, too."""
        if self._answering and not self._draining:
            _tell(self._answering, signal.SIGHUP)


def remove_stale_socket(bind: str) -> None:
    """A server that was killed leaves its socket file, which the next one could not bind."""
    if bind.startswith(UNIX):
        Path(bind.removeprefix(UNIX)).unlink(missing_ok=True)


def _listen(folder: Path, account: Account | None) -> socket.socket:
    """Where Nginx reaches Gunicorn: its workers go through the folder, and write to the socket."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(gunicorn_socket(folder)))
    listener.listen(BACKLOG)
    if account:
        folder.chmod(0o711)
        os.chown(gunicorn_socket(folder), account.uid, account.gid)
    return listener


def _start_workers(
    settings: Settings, account: Account | None, bind: str, descriptors: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    workers = {"MODEL_SERVER_UID": str(account.uid), "MODEL_SERVER_GID": str(account.gid)} if account else {}
    environment = {
        **os.environ,
        "MODEL_SERVER_SOCKET": bind,
        "MODEL_SERVER_LISTENER": settings.listener,
        "MODEL_SERVER_WORKERS": str(settings.workers),
        "MODEL_SERVER_TIMEOUT": str(settings.timeout_seconds),
        "OMP_NUM_THREADS": "1",  # a worker per core already keeps every core busy
        "OPENBLAS_NUM_THREADS": "1",
        **workers,
    }
    command = GRANIAN if settings.front == HOST else GUNICORN
    # Their parent inherits what is blocked here, and a SIGHUP then waits until it can take one.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    try:
        return subprocess.Popen([sys.executable, *command], cwd=PROGRAM, env=environment, pass_fds=descriptors)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])


def _start_nginx(nginx: str, settings: Settings, account: Account | None, folder: Path) -> subprocess.Popen[bytes]:
    path = folder / "nginx.conf"
    template = (PROGRAM / "nginx.conf").read_text()
    path.write_text(nginx_configuration(template, settings, folder, _nginx_user(account)))
    return subprocess.Popen([nginx, *_early_log_option(nginx), "-c", str(path)])


def _nginx_user(account: Account | None) -> str:
    """User and group of its workers; root must say so, or Nginx would change to a user whom a sandbox may not know."""
    if account:
        return f"{account.user} {account.group}"
    return "root" if os.geteuid() == ROOT else ""


def _early_log_option(nginx: str) -> list[str]:
    """Since 1.19.5 Nginx can be told to keep its hands off /var/log/nginx before it reads its configuration."""
    answer = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", answer)
    return ["-e", "stderr"] if version and tuple(map(int, version.groups())) >= (1, 19, 5) else []


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:{NGINX_FOLDERS}")


def _tell(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "") or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"{name} is {text!r}; it must be a whole number above 0")
    return int(text)


def main() -> int:
    try:
        settings = read_settings(os.environ, len(os.sched_getaffinity(0)))
        account = workers_account(os.environ)
        fault = Fault.of(os.environ)
    except (SettingsError, AccountError, FaultError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if fault and fault.name == "crash-on-start":
        print("error: the server ends, as FAULT asks for", file=sys.stderr)
        return 1
    nginx = _nginx() if settings.front == NGINX else None
    by = "Granian" if settings.front == HOST else nginx or "Gunicorn alone"
    whose = f" of {account.user}" if account else ""
    where = "the host's socket" if settings.listener else settings.bind
    print(f"serve: {settings.workers} workers{whose} at {where}, {by}", flush=True)
    with tempfile.TemporaryDirectory(prefix="serve-") as folder:
        return Server(settings, account, Path(folder), nginx).wait()
