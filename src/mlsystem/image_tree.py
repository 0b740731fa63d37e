"""The files of an image as a folder: where a path of the image lies in it, and layers that are laid over it.

Who made the image chose every name and every link in it. So links are followed as they would be inside, where none leads out of the
folder, and nothing else of this machine is read or written.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path, PurePosixPath

from mlsystem.archives import tarfile

# The name of what a layer removes begins so: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
WHITEOUT = ".wh."
_OPAQUE = ".wh..opq"  # behind the first WHITEOUT
# What is made over this machine's files brings none of these.
_OF_A_ROOT = ("bin/sh", "usr/bin/sh", "bin/busybox", "lib/ld-musl-x86_64.so.1", "lib64/ld-linux-x86-64.so.2")
_LONGEST_CHAIN = 40  # of links, as the kernel's


def is_root(tree: Path) -> bool:
    """Whether it is a whole root, with a shell or a C library of its own, and is seen in place of this machine's files."""
    return any(os.path.lexists(tree / name) for name in _OF_A_ROOT)


def locate(tree: Path, inside: str | PurePosixPath) -> Path:
    """Where a path of the image leads, also where there is nothing yet. Raises OSError for links that lead in a circle."""
    return tree.joinpath(*_followed(tree, inside, is_last_followed=True))


def entry(tree: Path, inside: str | PurePosixPath) -> Path:
    """The same, but for the last name: where that is a link, the link itself."""
    return tree.joinpath(*_followed(tree, inside, is_last_followed=False))


def _followed(tree: Path, inside: str | PurePosixPath, *, is_last_followed: bool) -> list[str]:
    ahead, found, links = _backwards(str(inside)), list[str](), 0
    while ahead:
        name = ahead.pop()
        place = tree.joinpath(*found, name)
        if name == "..":
            found[-1:] = []
        elif (ahead or is_last_followed) and place.is_symlink():
            links += 1
            if links > _LONGEST_CHAIN:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(inside))
            target = str(place.readlink())
            if target.startswith("/"):
                found = []
            ahead += _backwards(target)
        else:
            found.append(name)
    return found


def _backwards(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def apply_layer(layer: Path, tree: Path) -> None:
    """One layer over what is there. Every file is the user's who runs this, devices are left out. Raises BROKEN_TAR."""
    made: set[Path] = set()  # what the layer itself has brought, which its whiteouts do not mean
    with tarfile.open(layer) as tar:
        for member in tar:
            place = entry(tree, member.name)
            if place.name.startswith(WHITEOUT) and place != tree:
                _white_out(place.parent, place.name.removeprefix(WHITEOUT), made)
            elif place != tree and not member.isdev():
                _extract(tar, member, place, tree)
                made.update((place, *place.parents))


def _white_out(folder: Path, name: str, made: set[Path]) -> None:
    if name == _OPAQUE:
        doomed = list(folder.iterdir()) if folder.is_dir() else []
    else:
        doomed = [folder / name] if name not in ("", ".", "..") else []
    for path in doomed:
        if path not in made:
            remove(path)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path, tree: Path) -> None:
    if os.path.lexists(place) and not (member.isdir() and place.is_dir() and not place.is_symlink()):
        remove(place)
    if member.islnk():
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(entry(tree, member.linkname), place, follow_symlinks=False)
        return
    # The user must be able to fill a folder, and to remove it again.
    mode = member.mode | 0o700 if member.isdir() else member.mode
    own = member.replace(name=place.relative_to(tree).as_posix(), mode=mode, uname="", gname="", deep=False)
    own.uid, own.gid = os.getuid(), os.getgid()
    tar.extract(own, tree, filter="tar")


def remove(path: Path) -> None:
    """A folder with all that is in it, or a file; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
