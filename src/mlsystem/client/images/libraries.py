"""Shared libraries of Debian packages that a machine may lack, each taken out of a wheel that brings a copy of it along.

LightGBM, for one, wants the system's OpenMP library, which a bare Debian has not. The library goes into the image alone; on the
machine nothing is installed. Where the machine gets the package later, the loader finds that one first.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlsystem.client.images.base import VENV, install_hashed
from mlsystem.client.images.errors import ImageError

# The last of the loader's own folders, so a program that sets or clears LD_LIBRARY_PATH finds the library none the less.
FOLDER = "usr/lib"
LOCKED = Path(__file__).with_name("libraries.txt")
LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"


@dataclass(frozen=True)
class Library:
    """`soname` is what programs ask the loader for; `wheel` is a distribution in libraries.txt, `pattern` the copy in it."""

    soname: str
    wheel: str
    pattern: str


# By Debian package. Treelite: Apache-2.0, kept by the makers of XGBoost, 0.9 MB, and one wheel for every Python; the library
# itself is GCC's, GPL with the runtime library exception.
LIBRARIES = {"libgomp1": Library("libgomp.so.1", "treelite", "treelite.libs/libgomp-*.so.*")}


def can_load(library: Library, root: Path) -> bool:
    """Whether a program of the image would find the library on this machine, or has it in the image below `root`."""
    if (root / FOLDER / library.soname).exists():
        return True
    inside = root / VENV / "bin" / "python"
    python = str(inside) if inside.exists() else sys.executable
    # Without the environment: what it adds to the loader's folders is not there in a sandbox.
    done = subprocess.run([python, "-IBS", "-c", LOAD, library.soname], env={}, capture_output=True, check=False)
    return done.returncode == 0


def put_in(library: Library, root: Path, locked: Path = LOCKED) -> None:
    """Fetch the library and put it in the image. Raises ImageError with the installer's words."""
    with tempfile.TemporaryDirectory(prefix="library-") as folder:
        install_hashed(locked, Path(folder))
        found = list(Path(folder).glob(library.pattern))
        if len(found) != 1:
            raise ImageError(f"{library.wheel} brings {len(found)} copies of {library.soname}, not one")
        target = root / FOLDER / library.soname
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found[0], target)
        target.chmod(0o644)
