"""Finds the runtime that a person asked for, or the best that there is, by running a program in it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.runtime import machine
from mlsystem.engine.runtime.errors import ProcessError
from mlsystem.engine.runtime.machine import Docker, Kind, Machine
from mlsystem.engine.runtime.process import Exited, ImageFiles, Log, ProcessSpec
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.runtime.shim.daemon import Daemon, DaemonError

Wanted = Literal["auto"] | Kind
WANTED: tuple[str, ...] = ("auto", *get_args(Kind))
_ANSWER_SECONDS = 5.0
_TRIAL_SECONDS = 60.0
_POLL_SECONDS = 0.01


def choose(wanted: str, folder: Path) -> Machine:
    """What programs get here; "auto" is the first that works of sandbox, Docker and plain process. Trials leave nothing in `folder`.

    Raises:
        StartupError: the one that is wanted does not work.
    """
    if wanted not in WANTED:
        raise StartupError(f"{wanted!r} is no runtime: there are {', '.join(WANTED)}")
    found = machine.probe()
    if wanted == "plain":
        return _bare(found, "")
    if found.bwrap is not None and wanted != "docker":
        return found
    if wanted == "sandbox":
        raise StartupError(f"this machine grants no sandbox: {found.refusal}")
    try:
        return replace(_bare(found, ""), docker=find_docker(folder))
    except DaemonError as error:
        if wanted == "docker":
            raise StartupError(f"there is no Docker engine that can be used: {error}") from error
        return _bare(found, f"{found.refusal}; {error}")


def _bare(found: Machine, refusal: str) -> Machine:
    return Machine(None, cgroups=found.cgroups, refusal=refusal)


def find_docker(folder: Path) -> Docker:
    """The first that runs a program. Raises DaemonError with what the first one that answers had to say."""
    socket = next(_sockets(), None)
    if socket is None:
        raise DaemonError("no Docker engine has its socket where $DOCKER_HOST says, nor at one of the usual places")
    daemon = Daemon(str(socket), _ANSWER_SECONDS)
    about = daemon.ask("GET", "/info") or {}
    found = Docker(
        socket=socket,
        version=about.get("ServerVersion", ""),
        user="0:0" if _is_of_user(about) else f"{os.geteuid()}:{os.getegid()}",
        keeps_memory=bool(about.get("MemoryLimit")),
        is_overlaid=True,
    )
    if not _refusal(found, folder):
        return found
    found = replace(found, is_overlaid=False)
    refusal = _refusal(found, folder)
    if refusal:
        raise DaemonError(f"Docker {found.version} at {socket} starts no program here: {refusal}")
    return found


def _sockets() -> Iterator[Path]:
    """A person's own setting counts alone. An engine on another machine sees no file of this one."""
    host = os.environ.get("DOCKER_HOST", "")
    if host:
        places = [host.removeprefix("unix://")] if host.startswith("unix://") else []
    else:
        places = ["/var/run/docker.sock", f"{os.environ.get('XDG_RUNTIME_DIR', '')}/docker.sock"]
    yield from filter(Path.is_socket, map(Path, places))


def _is_of_user(about: dict[str, Any]) -> bool:
    """Whether its root is the user who started it."""
    return any("rootless" in option for option in about.get("SecurityOptions") or ())


def _refusal(docker: Docker, folder: Path) -> str:
    """What happens to a program that needs all of it: files over the machine's, descriptors from outside; "" where it runs."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".trial-", dir=folder) as place:
        image, log = Path(place) / "image", Path(place) / "log"
        (image / "usr").mkdir(parents=True)
        (image / "usr/mlsystem-trial").touch()
        runner = ProcessRunner(Path(place) / "processes", Machine(None, docker=docker))
        argv = ("test", "-e", "/usr/mlsystem-trial")
        try:
            spec = ProcessSpec(
                "trial", argv, Log(log), {"PATH": "/usr/bin:/bin"}, image=ImageFiles(image), stop_grace_seconds=0.0
            )
            runner.start(spec)
            how = _end(runner)
            runner.forget("trial")
        except ProcessError as error:
            return str(error)
        finally:
            runner.close()
        return "" if how.exit_code == 0 else how.message or how.reason


def _end(runner: ProcessRunner) -> Exited:
    give_up_at = time.monotonic() + _TRIAL_SECONDS
    while True:
        status = runner.status("trial")
        if isinstance(status, Exited):
            return status
        if time.monotonic() > give_up_at:
            runner.stop("trial", f"it did not end within {_TRIAL_SECONDS:.0f} s")
            give_up_at = float("inf")
        time.sleep(_POLL_SECONDS)
