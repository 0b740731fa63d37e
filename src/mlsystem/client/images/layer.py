"""A layer of an image: what an instruction has changed among its files."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

from mlsystem.archives import tarfile
from mlsystem.image_tree import WHITEOUT

# What every path below a folder looks like: mode and, but for folders, time and size.
Survey = Mapping[str, tuple[int, int]]


def survey(folder: Path) -> Survey:
    found: dict[str, tuple[int, int]] = {}
    ahead = [""]
    while ahead:
        place = ahead.pop()
        with os.scandir(folder / place) as entries:
            for entry in entries:
                name, stat = f"{place}{entry.name}", entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    found[name] = (stat.st_mode, 0)
                    ahead.append(f"{name}/")
                else:
                    found[name] = (stat.st_mode, stat.st_mtime_ns ^ stat.st_size)
    return found


def write_layer(folder: Path, before: Survey, now: Survey, target: Path) -> bool:
    """Write a tar of what is new, changed or gone in `folder`; False when nothing is.

    The same files make the same bytes: owners and times are dropped.
    """
    changed = sorted(name for name, mark in now.items() if before.get(name) != mark)
    gone = [name for name in sorted(before) if name not in now and _stands(Path(name).parent, now)]
    if not changed and not gone:
        return False
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in gone:
            tar.addfile(tarfile.TarInfo((Path(name).parent / f"{WHITEOUT}{Path(name).name}").as_posix()))
        for name in changed:
            _add(tar, folder / name, name)
    return True


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tar.gettarinfo(path, arcname=name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    if member.isfile():
        with path.open("rb") as file:
            tar.addfile(member, file)
    else:
        tar.addfile(member, io.BytesIO())


def _stands(folder: Path, now: Survey) -> bool:
    """True where the folder itself is still there: of a folder that is gone, its own mark says it."""
    return str(folder) == "." or str(folder) in now
