"""RUN: the commands that most images for SageMaker need are done on the image's files by this program, all others in a shell.

What is done here needs no sandbox, and does on every machine the same: packages are installed from wheels by uv, and Debian's
are those that the machine has.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mlsystem.client.images.apt import apt
from mlsystem.client.images.base import install
from mlsystem.client.images.dockerfile import VARIABLE, substitute
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.rootfs import RootFs
from mlsystem.client.images.shell import NoShell, run_in_shell
from mlsystem.image_tree import remove

IMPLEMENTED = "pip install, chmod, mkdir, apt-get, ln -s, rm"
PIP_NAMES = {"pip", "pip3"}
OWNERSHIP = {"useradd", "adduser", "usermod", "groupadd", "addgroup", "chown", "chgrp"}
Tell = Callable[[str], None]

# What separates the steps of `a && b; c`, and what does not: quotes and parentheses are whole.
_PIECE = re.compile(
    r"""(?P<end>&&|;)|\\.|"(?:\\.|[^"\\])*"|'[^']*'|\$?\((?:[^()]|\([^()]*\))*\)|.""",
    re.DOTALL,
)
_SHELLS = re.compile(r"[|<>()`$*?\[\]{}~\n]|&(?!&)")
# What one step leaves to the next ones: such lines are not taken apart.
_STATE = re.compile(
    r"\s*(export|set|unset|source|\.|alias|trap|exec|eval|if|for|while|until|case|\{|\w+=\S*\s*$)(\s|$)"
)
# What says nothing to a program that does one step after the other, and installs no package of Debian's.
_SETTINGS = re.compile(r"\s*(set -[euxo]+( pipefail)?|export DEBIAN_FRONTEND=\w+)\s*")
_FRONTEND = "DEBIAN_FRONTEND="


class Run:
    """One RUN line over the image's files. `environment` is that of the image."""

    def __init__(self, files: RootFs, environment: Mapping[str, str], tell: Tell, place: str) -> None:
        self._files = files
        self._environment = environment
        self._tell = tell
        self._place = place

    def carry_out(self, command: str) -> None:
        """Stops at the first step that fails. Raises ImageError."""
        before = self._files.working_directory
        try:
            for step in self._steps(command):
                self._step(step)
        finally:
            self._files.working_directory = before

    def _steps(self, command: str) -> Iterator[str]:
        """The steps, or the line as a whole where they depend on one another."""
        steps = [""]
        for piece in _PIECE.finditer(command):
            if piece["end"]:
                steps.append("")
            else:
                steps[-1] += piece[0]
        steps = [step for step in steps if step.strip() and not _SETTINGS.fullmatch(step)]
        if "||" in command or any(map(_STATE.match, steps)):
            steps = [command]
        if self._files.is_whole:
            steps = [command]
        yield from steps

    def _step(self, step: str) -> None:
        plain = self._replaced(step)
        words = [] if _SHELLS.search(plain) and not _is_plain_remove(plain) else _words(plain)
        if self._files.is_whole:  # which has a package manager of its own
            words = []
        if not words or not self._is_done(words):
            try:
                run_in_shell(step, self._files, self._environment, self._tell, self._place)
            except NoShell as error:
                raise ImageError(
                    f"{self._place}: {step.strip()!r} takes a sandbox that lays the image's files over this machine's, which it "
                    f"refuses ({error}). Without, these commands are implemented: {IMPLEMENTED}"
                ) from error

    def _replaced(self, step: str) -> str:
        """With the variables that the image has; the shell knows all others."""
        names = {match["braced"] or match["plain"] for match in VARIABLE.finditer(step) if match["escaped"] is None}
        return substitute(step, self._environment) if names <= set(self._environment) else step

    def _is_done(self, words: list[str]) -> bool:
        """Whether it is a command, in a form, that is interpreted."""
        if words[:3] in (["python", "-m", "pip"], ["python3", "-m", "pip"]):
            words = ["pip", *words[3:]]
        if words[0].startswith(_FRONTEND):
            words = words[1:]
        match words:
            case [name, *arguments] if name in PIP_NAMES and "install" in arguments:
                install(self._files.root, _pip_arguments(arguments, self._files))
            case ["apt-get" | "apt", *arguments]:
                apt(arguments, self._files.root, self._tell, self._place)
            case [name, *_] if name in OWNERSHIP:
                self._tell(f"{name} is left out: what runs in a sandbox is one user, and every file is that one's")
            case _:
                return self._is_changed(words)
        return True

    def _is_changed(self, words: list[str]) -> bool:
        match words:
            case ["cd", folder]:
                before = self._files.working_directory
                self._files.enter(folder)
                now = self._files.working_directory
                if not (self._files.path(".").is_dir() or Path(now).is_dir()):
                    self._files.working_directory = before
                    raise ImageError(f"{self._place}: cd {folder}: there is no folder {now}")
            case ["chmod", mode, *paths]:
                return self._chmod(mode, paths)
            case ["mkdir", *arguments] if not any(word.startswith(("-m", "--mode")) for word in arguments):
                for word in (word for word in arguments if not word.startswith("-")):
                    self._files.path(word).mkdir(parents=True, exist_ok=True)
            case ["rm", *arguments]:
                for word in (word for word in arguments if not word.startswith("-")):
                    _remove(word, self._files)
            case ["ln", "-s" | "-sf" | "-fs", target, link]:
                self._link(target, link)
            case _:
                return False
        return True

    def _chmod(self, mode: str, paths: list[str]) -> bool:
        targets = [self._files.path(path) for path in paths]
        if not (mode.isdigit() or mode in ("+x", "a+x")) or not all(target.exists() for target in targets):
            return False
        for target in targets:
            target.chmod(int(mode, 8) if mode.isdigit() else target.stat().st_mode | 0o111)
        return True

    def _link(self, target: str, link: str) -> None:
        place = self._files.entry(link)
        if place.is_dir() and not place.is_symlink():
            place /= Path(target).name
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _words(step: str) -> list[str]:
    """Nothing for what is no list of plain words: the shell will say what is wrong with it."""
    try:
        return shlex.split(step)
    except ValueError:
        return []


def _is_plain_remove(step: str) -> bool:
    """`rm -rf /var/lib/apt/lists/*`: its pattern is one of the image's files alone."""
    return re.fullmatch(r"\s*rm(\s+[\w./-]*[\w.*?-]+)+\s*", step) is not None


def _pip_arguments(arguments: list[str], files: RootFs) -> list[str]:
    """The same for uv: paths are those of the image, and what only pip knows is left out."""
    result: list[str] = []
    left = iter(arguments)
    for word in left:
        option, is_joined, value = word.partition("=")
        if option in ("--requirement", "--constraint") and is_joined:
            result += [option, str(files.path(value))]
        elif word in ("-r", "--requirement", "-c", "--constraint"):
            result += [word, str(files.path(next(left, "")))]
        elif word in (
            "install",
            # An image does not change: what it is to run of a folder is put where all packages are.
            "-e",
            "--editable",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "-q",
            "--quiet",
            "--root-user-action=ignore",
        ):
            continue
        elif word.startswith((".", "/")):
            result.append(str(files.path(word)))
        else:
            result.append(word)
    return result


def _remove(pattern: str, files: RootFs) -> None:
    """What a pattern with wildcards in its last name means. A link is removed itself, and not what it points to."""
    path = files.entry(pattern)
    for found in [path] if path == files.root else sorted(path.parent.glob(path.name)):
        if found != files.root:
            remove(found)
