"""Folders that programs have filled: looked through and removed however deep they are, and whatever may be read in them.

Python's own ways call themselves for each folder in a folder, and give up after a thousand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlsystem.engine.decide.errors import ActionFailed


def paths_below(folder: Path) -> list[Path]:
    """Everything below a folder, sorted, no link followed. Raises ActionFailed for what may not be looked at."""
    return sorted(_found(folder))


def _found(folder: Path) -> Iterator[Path]:
    ahead = [folder] if folder.is_dir() else []
    while ahead:
        place = ahead.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    yield Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        ahead.append(Path(entry.path))
        except FileNotFoundError:  # the program has removed it meanwhile
            continue
        except OSError as error:
            name = str(place.relative_to(folder))[:80]
            raise ActionFailed(f"the folder {name} cannot be looked at: {error.strerror}", "ClientError") from error


def size_of(folder: Path) -> int:
    """The bytes of the files below it, no link followed."""
    return sum(path.lstat().st_size for path in _found(folder) if not path.is_dir())


def remove_folder(folder: Path) -> None:
    """What somebody else removes at the same time, or cannot be removed, stays."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir() and not folder.is_symlink():
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], capture_output=True, check=False)
