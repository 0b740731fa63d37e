"""apt-get, interpreted: nothing is installed, as a sandbox shows the machine's own packages; what it lacks is supplied or named."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.libraries import LIBRARIES, can_load, put_in

_WITH_VALUE = ("-o", "--option", "-t", "--target-release", "-c", "--config-file")


def apt(arguments: list[str], root: Path, warn: Callable[[str], None], place: str) -> None:
    """One apt-get command on the image below `root`. Raises ImageError for one that is not implemented."""
    verbs = [
        word
        for before, word in zip(("", *arguments), arguments, strict=False)
        if not word.startswith("-") and before not in _WITH_VALUE
    ]
    match verbs:
        case ["update" | "clean" | "distclean" | "autoremove", *_]:
            return
        case ["install", *packages]:
            names = {package: package.partition("=")[0] for package in packages}
            missing = [package for package in packages if not _is_there(names[package], root, warn)]
            _make_state_folders([names[package] for package in packages if package not in missing], root)
            if missing:
                warn(
                    f"the machine lacks the Debian packages {', '.join(missing)}: what needs them will not work in this image"
                )
        case _:
            raise ImageError(
                f"{place}: apt-get {' '.join(arguments)} is not implemented here; update, install and clean are"
            )


def _is_there(package: str, root: Path, warn: Callable[[str], None]) -> bool:
    """Whether the machine has a package, or the image got what matters of it."""
    library = LIBRARIES.get(package)
    if library is None:
        return _is_installed(package)
    if can_load(library, root):
        return True
    try:
        put_in(library, root)
    except ImageError as error:
        warn(f"{library.soname} could not be fetched: {error}")
        return False
    warn(f"the machine lacks {package}: the image gets {library.soname} out of the wheel of {library.wheel}")
    return True


def _make_state_folders(packages: list[str], root: Path) -> None:
    """The folders below /var that packages bring along, such as Nginx's log folder: a sandbox shows a /var of its own."""
    if shutil.which("dpkg-query") is None:
        return
    patterns = [pattern for name in packages for pattern in (name, f"{name}-*")]
    listed = _query("-W", "-f=${Package} ${Status}\n", *patterns)
    installed = [line.split()[0] for line in listed if line.endswith(" installed")]
    for line in _query("-L", *installed) if installed else []:
        if line.startswith("/var/") and Path(line).is_dir():
            (root / line.lstrip("/")).mkdir(parents=True, exist_ok=True)


def _query(*arguments: str) -> list[str]:
    done = subprocess.run(["dpkg-query", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _is_installed(package: str) -> bool:
    """By its documentation folder, which every Debian package has and a sandbox shows too; by its program; by dpkg."""
    if Path("/usr/share/doc", package).exists() or shutil.which(package) is not None:
        return True
    if shutil.which("dpkg-query") is None:
        return False
    return "install ok installed" in _query("-W", "-f=${Status}", package)
