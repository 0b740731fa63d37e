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
_PIECE_BYTES = 1 << 20
_SAFE_MODE = 0o755  # no file is somebody else's to write, or makes who runs it somebody else


def is_root(tree: Path) -> bool:
    """Whether it is a whole root, with a shell or a C library of its own, and is seen in place of this machine's files."""
    return any(os.path.lexists(tree / name) for name in _OF_A_ROOT)


def locate(tree: Path, inside: str | PurePosixPath) -> Path:
    """Where a path of the image leads, also where there is nothing yet. Raises OSError for links that lead in a circle."""
    return Path(_followed(str(tree), str(inside), is_last_followed=True))


def entry(tree: Path, inside: str | PurePosixPath) -> Path:
    """The same, but for the last name: where that is a link, the link itself."""
    return Path(_followed(str(tree), str(inside), is_last_followed=False))


def _followed(tree: str, inside: str, *, is_last_followed: bool) -> str:
    """In words rather than in paths: an image has thousands of files, and each is looked for."""
    ahead, found, links = _backwards(inside), [tree], 0
    while ahead:
        name = ahead.pop()
        place = f"{found[-1]}/{name}"
        if name == "..":
            found[1:] = found[1:-1]
        elif (ahead or is_last_followed) and os.path.islink(place):
            links += 1
            if links > _LONGEST_CHAIN:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), inside)
            target = os.readlink(place)
            if target.startswith("/"):
                del found[1:]
            ahead += _backwards(target)
        else:
            found.append(place)
    return found[-1]


def _backwards(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def apply_layer(layer: Path, tree: Path) -> None:
    """One layer over what is there. Every file is the user's who runs this, devices are left out. Raises BROKEN_TAR."""
    root = str(tree)
    made: set[str] = set()  # what the layer itself has brought, which its whiteouts do not mean
    with tarfile.open(layer) as tar:
        tar.copybufsize = _PIECE_BYTES  # type: ignore[attr-defined]  # which its stubs leave out
        for member in tar:
            place = _followed(root, member.name, is_last_followed=False)
            folder, _, name = place.rpartition("/")
            if name.startswith(WHITEOUT) and place != root:
                _white_out(Path(folder), name.removeprefix(WHITEOUT), made)
            elif place != root and not member.isdev():
                _extract(tar, member, place, root)
                while place not in made:
                    made.add(place)
                    place = os.path.dirname(place)


def _white_out(folder: Path, name: str, made: set[str]) -> None:
    if name == _OPAQUE:
        doomed = list(folder.iterdir()) if folder.is_dir() else []
    else:
        doomed = [folder / name] if name not in ("", ".", "..") else []
    for path in doomed:
        if str(path) not in made:
            remove(path)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, place: str, root: str) -> None:
    if os.path.lexists(place) and not (member.isdir() and os.path.isdir(place) and not os.path.islink(place)):
        remove(Path(place))
    if member.islnk():
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.link(_followed(root, member.linkname, is_last_followed=False), place, follow_symlinks=False)
        return
    # The user must be able to fill a folder, and to remove it again.
    mode = member.mode & _SAFE_MODE | (0o700 if member.isdir() else 0)
    own = member.replace(name=place.removeprefix(f"{root}/"), mode=mode, uname="", gname="", deep=False)
    own.uid, own.gid = os.getuid(), os.getgid()
    # The place is inside, all links followed: what the filters would look for again, file by file.
    tar.extract(own, root, filter="fully_trusted")


def remove(path: Path) -> None:
    """A folder with all that is in it, or a file; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
