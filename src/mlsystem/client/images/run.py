"""RUN, interpreted: the commands that an image for SageMaker needs, done on the image's files; all others are refused by name."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from mlsystem.client.images.apt import apt
from mlsystem.client.images.base import install
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.rootfs import RootFs

IMPLEMENTED = "pip install, chmod, mkdir, apt-get, ln -s, rm"
PIP_NAMES = {"pip", "pip3"}
SHELL_SIGNS = "();<>|&"


def run(command: str, files: RootFs, warn: Callable[[str], None], place: str) -> None:
    """One RUN line, which may join commands with `&&`. Raises ImageError naming what is not implemented."""
    words = _words(command, place)
    for word in words:
        if word != "&&" and word.strip(SHELL_SIGNS) == "":
            raise ImageError(f"{place}: {word!r} of the shell is not implemented here; join commands with &&")
    while words:
        end = words.index("&&") if "&&" in words else len(words)
        _command(words[:end], files, warn, place)
        words = words[end + 1 :]


def _words(command: str, place: str) -> list[str]:
    """As a shell splits them, its operators apart from what they touch."""
    if "`" in command or "$(" in command:
        raise ImageError(f"{place}: a command within a command is not implemented here")
    lexer = shlex.shlex(command, posix=True, punctuation_chars=SHELL_SIGNS)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise ImageError(f"{place}: {error}") from error


def _command(words: list[str], files: RootFs, warn: Callable[[str], None], place: str) -> None:
    if words[:3] in (["python", "-m", "pip"], ["python3", "-m", "pip"]):
        words = ["pip", *words[3:]]
    match words:
        case [name, "install", *arguments] if name in PIP_NAMES:
            install(files.root, _pip_arguments(arguments, files))
        case ["apt-get" | "apt", *arguments]:
            apt(arguments, files.root, warn, place)
        case ["chmod", mode, *paths]:
            _chmod(mode, paths, files, place)
        case ["mkdir" | "rm" as verb, *arguments]:
            for place_inside in (files.path(word) for word in arguments if not word.startswith("-")):
                if verb == "rm":
                    _remove(place_inside, files)
                else:
                    place_inside.mkdir(parents=True, exist_ok=True)
        case ["ln", "-s" | "-sf", target, link]:
            files.path(link).unlink(missing_ok=True)
            files.path(link).parent.mkdir(parents=True, exist_ok=True)
            files.path(link).symlink_to(target)
        case _:
            raise ImageError(f"{place}: the command {words[0]!r} is not implemented here; these are: {IMPLEMENTED}")


def _pip_arguments(arguments: list[str], files: RootFs) -> list[str]:
    """The same for uv: paths are those of the image, and what only pip knows is left out."""
    result: list[str] = []
    left = iter(arguments)
    for word in left:
        if word in ("-r", "--requirement", "-c", "--constraint"):
            result += [word, str(files.path(next(left)))]
        elif word in ("--no-cache-dir", "--disable-pip-version-check", "-q", "--quiet"):
            continue
        elif word.startswith((".", "/")):
            result.append(str(files.path(word)))
        else:
            result.append(word)
    return result


def _chmod(mode: str, paths: list[str], files: RootFs, place: str) -> None:
    if not (mode.isdigit() or mode in ("+x", "a+x")):
        raise ImageError(f"{place}: the mode {mode!r} is not implemented here; octal modes and +x are")
    for path in paths:
        target = files.path(path)
        if not target.exists():
            raise ImageError(f"{place}: {path} is not in the image")
        target.chmod(int(mode, 8) if mode.isdigit() else target.stat().st_mode | 0o111)


def _remove(path: Path, files: RootFs) -> None:
    for found in path.parent.glob(path.name):
        # A link is removed itself; what it points to may lie outside.
        if not found.parent.resolve().is_relative_to(files.root.resolve()):
            continue
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        else:
            found.unlink(missing_ok=True)
