"""Base images: `python:X.Y` is this machine's Python X.Y where it has one, else the Python that runs this program.

`debian` and `ubuntu`, of any release, are this machine's own system with the Python that runs this program.

What the image holds of it is a relocatable virtual environment at /opt/venv, whose interpreter is the machine's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageConfig

PYTHON = re.compile(
    r"(?:public\.ecr\.aws/docker/library/|docker\.io/(?:library/)?)?python:(?P<version>\d+\.\d+)[.\w-]*(?:@sha256:[0-9a-f]{64})?"
)
# Of the systems that programs for SageMaker begin with, those that manage their packages as a Debian machine does.
SYSTEM = re.compile(r"(?:public\.ecr\.aws/docker/library/|docker\.io/(?:library/)?)?(?:debian|ubuntu)(?::[\w.-]+)?")
VENV = "opt/venv"
SEEDED = {"pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack"}
PATH = "/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make_base(name: str, root: Path, warn: Callable[[str], None]) -> ImageConfig | None:
    """The files of a base image below `root`, and its configuration; None for a name that is no such image."""
    match = PYTHON.fullmatch(name)
    if match is not None:
        python = interpreter(match["version"], warn)
    elif SYSTEM.fullmatch(name):
        python = Path(sys.base_prefix) / "bin" / "python3"
        warn(
            f"{name} is made of this machine's own files, with Python {sys.version_info.major}.{sys.version_info.minor}"
        )
    else:
        return None
    # What one may call `pip` and `python` in the image.
    _uv("venv", "--quiet", "--relocatable", "--python", str(python), "--seed", str(root / VENV))
    return ImageConfig(
        environment={"PATH": PATH, "LANG": "C.UTF-8"},
        command=("python3",),
        labels={"mlsystem.python": str(python)},
    )


def install(root: Path, arguments: list[str]) -> None:
    """`pip install` into the image's environment. Raises ImageError with the installer's own words."""
    _uv("pip", "install", "--quiet", "--python", str(root / VENV / "bin" / "python"), *arguments)
    _compile(root)


def install_hashed(requirements: Path, folder: Path) -> None:
    """Locked wheels into a folder of their own. Raises ImageError with the installer's own words."""
    exactly = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirements", str(requirements)]
    _uv("pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder), *exactly)


def _compile(root: Path) -> None:
    """Byte-compile what is new: an image is read-only, so a program compiles what is not compiled here at each of its starts.

    The compiled files hold the image's own paths, and their source's hash instead of its time, which layers do not keep.
    """
    new = [str(path) for site in (root / VENV / "lib").glob("*/site-packages") for path in _uncompiled(site)]
    if not new:
        return
    python = str(root / VENV / "bin" / "python")
    options = ["-q", "-j", "0", "-x", "/site-packages/.*/tests/", "--invalidation-mode", "checked-hash"]
    places = ["-s", str(root), "-p", "/"]
    # Packages may hold templates of code, which do not compile: neither pip nor this minds.
    subprocess.run([python, "-IB", "-m", "compileall", *options, *places, *new], capture_output=True, check=False)


def _uncompiled(site: Path) -> Iterator[Path]:
    """Modules and packages without compiled files; pip and its like are not what an image is for."""
    for path in sorted(site.iterdir()):
        if path.is_dir() and path.suffix != ".dist-info" and path.name not in SEEDED:
            if next(path.rglob("__pycache__"), None) is None:
                yield path
        elif path.suffix == ".py" and not list((site / "__pycache__").glob(f"{path.stem}.*.pyc")):
            yield path


def interpreter(version: str, warn: Callable[[str], None]) -> Path:
    """Which one serves that version. A sandbox sees /usr and the interpreter that runs the engine, so only those can serve an image."""
    own = Path(sys.base_prefix) / "bin" / "python3"
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return own
    found = shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")
    if found is not None:
        return Path(found)
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    warn(f"this machine has no Python {version} in /usr: the image gets Python {running}, which runs this program")
    return own


def _uv(*arguments: str) -> None:
    import uv

    environment = {**os.environ, "UV_LINK_MODE": "copy", "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run([uv.find_uv_bin(), *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"{' '.join(arguments[:2])} failed:\n{done.stderr.strip()}")
