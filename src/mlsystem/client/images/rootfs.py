"""The files of an image while it is being built."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from pathlib import Path, PurePosixPath

from mlsystem.archives import BROKEN_TAR, tarfile
from mlsystem.client.images.errors import ImageError
from mlsystem.image_tree import entry, is_root, locate


class RootFs:
    """Paths are those inside the image; relative ones are below `working_directory`."""

    def __init__(self, root: Path):
        self.root = root
        self.working_directory = "/"
        self.shell: tuple[str, ...] = ()  # of RUN, CMD and ENTRYPOINT; empty: /bin/sh -c

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole root, and lies not over this machine's files."""
        return is_root(self.root)

    def path(self, inside: str) -> Path:
        """Where a path of the image lies on this machine; links are followed inside the image, as a program in it would."""
        return locate(self.root, PurePosixPath(self.working_directory, inside))

    def entry(self, inside: str) -> Path:
        """The same, but for a last name that is a link: the link itself."""
        return entry(self.root, PurePosixPath(self.working_directory, inside))

    def enter(self, inside: str) -> None:
        """Makes a folder the working directory, also one that is not there yet."""
        self.working_directory = posixpath.normpath(PurePosixPath(self.working_directory, inside))

    def copy(self, context: Path, sources: list[str], target: str, ignored: Ignored, mode: str | None) -> None:
        """COPY: a folder's content into a folder, files into a folder, or one file to a name."""
        found = [path for source in sources for path in _expand(context, source)]
        into_folder = target.endswith("/") or len(found) > 1 or self.path(target).is_dir()
        for name, source in found:
            if source.is_dir():
                self._copy_folder(context, source, target, ignored, mode)
            elif not ignored.has(source.relative_to(context)):
                self._copy_file(source, f"{target}/{name}" if into_folder else target, mode)
            elif sources == [source.relative_to(context).as_posix()]:
                raise ImageError(f"{sources[0]}: .dockerignore leaves it out")

    def extract(self, context: Path, source: str, target: str) -> bool:
        """ADD: unpacks a local archive into a folder; False, and nothing is done, for what is none."""
        found = _expand(context, source)
        archive = found[0][1]
        if len(found) != 1 or not archive.is_file() or not tarfile.is_tarfile(archive):
            return False
        place = self.path(target)
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive) as tar:
                tar.extractall(place, filter="data")
        except BROKEN_TAR as error:
            raise ImageError(f"ADD {source}: it cannot be unpacked: {error}") from error
        return True

    def _copy_folder(self, context: Path, source: Path, target: str, ignored: Ignored, mode: str | None) -> None:
        self.path(target).mkdir(parents=True, exist_ok=True)
        for path in sorted(source.rglob("*")):
            if ignored.has(path.relative_to(context)):
                continue
            inside = f"{target}/{path.relative_to(source).as_posix()}"
            if path.is_dir() and not path.is_symlink():
                self.path(inside).mkdir(parents=True, exist_ok=True)
            else:
                self._copy_file(path, inside, mode)

    def _copy_file(self, source: Path, inside: str, mode: str | None) -> None:
        """A file, or a link as it is, in the place of a file or a link."""
        if not (source.is_symlink() or source.is_file()):
            return  # a socket and the like, which Docker's context has not either
        target = self.entry(inside)
        if target.is_dir() and not target.is_symlink():
            raise ImageError(f"{source.name} cannot be copied to {inside}: there is a folder of that name")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
        if mode and not target.is_symlink():
            target.chmod(int(mode, 8))


def read_ignored(context: Path) -> Ignored:
    """The patterns of .dockerignore, and of what no image needs."""
    path = context / ".dockerignore"
    lines = path.read_text().splitlines() if path.exists() else []
    return Ignored([*lines, "**/__pycache__", "**/*.pyc"])


class Ignored:
    """Which paths of the context COPY leaves out: the last pattern that matches a path, or a folder above it, decides.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """

    def __init__(self, lines: list[str]):
        patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        self._rules = [(_compiled(pattern.removeprefix("!")), not pattern.startswith("!")) for pattern in patterns]

    def has(self, path: Path) -> bool:
        """`path` is relative to the context."""
        names = [str(name) for name in (path, *path.parents) if name.name]
        verdicts = [leaves_out for rule, leaves_out in self._rules if any(rule.fullmatch(name) for name in names)]
        return bool(verdicts) and verdicts[-1]


WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip().strip("/"))
    return re.compile("".join(WILDCARDS.get(part, re.escape(part)) for part in parts))


def _expand(context: Path, source: str) -> list[tuple[str, Path]]:
    """Name and place of each. A link that is named itself stands for what it leads to, with the folder as root."""
    inside = posixpath.normpath(source.lstrip("/"))
    if inside.split("/")[0] == "..":
        raise ImageError(f"{source}: the path leaves its folder")
    named = sorted(context.glob(inside)) if any(sign in inside for sign in "*?[") else [context / inside]
    found = [(path.name, locate(context, path.relative_to(context).as_posix())) for path in named]
    if not found or not all(os.path.lexists(path) for _, path in found):
        raise ImageError(f"{source}: there is no such file")
    return found
