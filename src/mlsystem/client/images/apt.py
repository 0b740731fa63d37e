"""apt-get, interpreted: nothing is installed, as a sandbox shows the machine's own packages; what it lacks is supplied or named."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.libraries import LIBRARIES, can_load, put_in


def apt(arguments: list[str], root: Path, warn: Callable[[str], None], place: str) -> None:
    """One apt-get command on the image below `root`. Raises ImageError for one that is not implemented."""
    verbs = [word for word in arguments if not word.startswith("-")]
    match verbs:
        case ["update" | "clean" | "distclean" | "autoremove", *_]:
            return
        case ["install", *packages]:
            missing = [package for package in packages if not _is_there(package.partition("=")[0], root, warn)]
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


def _is_installed(package: str) -> bool:
    """By its documentation folder, which every Debian package has and a sandbox shows too; by its program; by dpkg."""
    if Path("/usr/share/doc", package).exists() or shutil.which(package) is not None:
        return True
    if shutil.which("dpkg-query") is None:
        return False
    done = subprocess.run(["dpkg-query", "-W", "-f=${Status}", package], capture_output=True, text=True, check=False)
    return "install ok installed" in done.stdout
