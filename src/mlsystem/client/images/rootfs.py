"""The files of an image while it is being built."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath

from mlsystem.archives import tarfile
from mlsystem.client.images.errors import ImageError


class RootFs:
    """Paths are those inside the image; relative ones are below `working_directory`."""

    def __init__(self, root: Path):
        self.root = root
        self.working_directory = "/"
        self.shell: tuple[str, ...] = ()  # of RUN, CMD and ENTRYPOINT; empty: /bin/sh -c

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole root with a shell of its own, and lies not over this machine's files."""
        return any(os.path.lexists(self.root / shell) for shell in ("bin/sh", "usr/bin/sh"))

    def path(self, inside: str) -> Path:
        """Where a path of the image lies on this machine. Raises ImageError for one that leaves the image."""
        absolute = PurePosixPath(self.working_directory) / inside
        path = self.root / str(absolute).lstrip("/")
        if ".." in absolute.parts:
            raise ImageError(f"the path {inside} leaves the image")
        return path

    def copy(self, context: Path, sources: list[str], target: str, ignored: Ignored, mode: str | None) -> None:
        """COPY: a folder's content into a folder, files into a folder, or one file to a name."""
        found = [path for source in sources for path in _expand(context, source)]
        into_folder = target.endswith("/") or len(found) > 1 or self.path(target).is_dir()
        for source in found:
            place = self.path(target)
            if source.is_dir():
                self._copy_folder(context, source, place, ignored, mode)
            elif not ignored.has(source.relative_to(context)):
                _copy_file(source, place / source.name if into_folder else place, mode)

    def extract(self, context: Path, source: str, target: str) -> bool:
        """ADD: unpacks a local archive into a folder; False, and nothing is done, for what is none."""
        found = _expand(context, source)
        if len(found) != 1 or not found[0].is_file() or not tarfile.is_tarfile(found[0]):
            return False
        place = self.path(target)
        place.mkdir(parents=True, exist_ok=True)
        try:
            with tarfile.open(found[0]) as tar:
                tar.extractall(place, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ImageError(f"ADD {source}: it cannot be unpacked: {error}") from error
        return True

    def _copy_folder(self, context: Path, source: Path, place: Path, ignored: Ignored, mode: str | None) -> None:
        place.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.rglob("*")):
            if ignored.has(path.relative_to(context)):
                continue
            if path.is_dir():
                (place / path.relative_to(source)).mkdir(parents=True, exist_ok=True)
            else:
                _copy_file(path, place / path.relative_to(source), mode)


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


def _expand(context: Path, source: str) -> list[Path]:
    inside = source.lstrip("/") or "."
    found = sorted(context.glob(inside)) if any(sign in inside for sign in "*?[") else [context / inside]
    missing = [path for path in found if not path.exists()]
    if missing or not found:
        raise ImageError(f"{source}: there is no such file")
    for path in found:
        if not path.resolve().is_relative_to(context.resolve()):
            raise ImageError(f"{source}: the path leaves its folder")
    return found


def _copy_file(source: Path, target: Path, mode: str | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)
    if mode:
        target.chmod(int(mode, 8))
