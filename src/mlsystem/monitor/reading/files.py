"""The files that hold a dataset. What may not be looked at is an error: a part of the data must not pass for all of it."""

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlsystem.monitor import texts
from mlsystem.monitor.errors import DatasetError, NoDataError

WILDCARD = re.compile(r"[*?\[]")


def find_files(paths: Sequence[Path], window: str | None = None) -> list[Path]:
    """The files of a dataset, in the order of their names: those given, and all below the folders given; each once.

    Empty files hold nothing, and names that begin with a dot or an underscore mark what tools leave behind. Raises
    NoDataError for a path that does not exist, DatasetError for one that cannot be looked at. `window` is the span of
    time that the data should cover, for the message only.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if not path.exists():
                raise NoDataError(texts.no_data(str(path), "does not exist", window))
            below = sorted(_below(path)) if path.is_dir() else [path]
            found |= dict.fromkeys(file for file in below if file.name[0] not in "._" and _holds_something(file))
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error}") from error
    return list(found)


def require_files(paths: Sequence[Path], window: str | None) -> list[Path]:
    """These files. Raises NoDataError, too, if there is none."""
    files = find_files(paths, window)
    if not files:
        raise NoDataError(texts.no_data(", ".join(map(str, paths)), "holds no file", window))
    return files


def matching(pattern: str) -> list[Path]:
    """The files and folders that a glob names, in order. Raises OSError for a folder on the way that cannot be read."""
    anchor, *parts = Path(pattern).parts if Path(pattern).anchor else ("", *Path(pattern).parts)
    return list(dict.fromkeys(_matching(Path(anchor), parts)))


def _matching(folder: Path, parts: Sequence[str]) -> Iterator[Path]:
    if not parts:
        yield folder
        return
    part, rest = parts[0], parts[1:]
    if not WILDCARD.search(part):
        if (folder / part).exists():
            yield from _matching(folder / part, rest)
        return
    if part == "**":
        yield from _matching(folder, rest)
    for path in sorted(folder.iterdir()):
        if part == "**" and path.is_dir() and not path.is_symlink():
            yield from _matching(path, parts)
        elif fnmatch.fnmatchcase(path.name, part) and (not rest or path.is_dir()):
            yield from _matching(path, rest)


def names_for_duckdb(files: Sequence[Path]) -> list[str]:
    """The names of files for DuckDB's functions, which would read other ones in place of `data[1].csv`."""
    return [glob.escape(str(file)) for file in files]


def _below(folder: Path) -> Iterator[Path]:
    """All files below a folder, also where links lead to other folders, each folder once. Raises OSError."""
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=_fail, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(place) / name for name in files)


def _fail(error: OSError) -> None:
    """`os.walk` passes over a folder that it cannot read unless it is told otherwise."""
    raise error


def _holds_something(file: Path) -> bool:
    found = file.stat()
    return stat.S_ISREG(found.st_mode) and found.st_size > 0
