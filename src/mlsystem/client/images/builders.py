"""Who builds an image: Docker where its engine answers, buildah where it is installed, else this program, which interprets the Dockerfile.

Whoever builds, the image ends in the same layout, and is pushed from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlsystem.client.images.archive import load
from mlsystem.client.images.build import Build, build
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout

Builder = Literal["auto", "docker", "buildah", "interpreter"]
STORE_VARIABLE = "MLSYSTEM_IMAGES"
_ANSWER_SECONDS = 20.0
_LAST_LINES = 20


@dataclass(frozen=True)
class Built:
    name: str
    digest: str
    builder: str


def local_images() -> ImageLayout:
    """The images of this user: in $MLSYSTEM_IMAGES, else where programs keep a user's data."""
    own = os.environ.get(STORE_VARIABLE)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return ImageLayout(Path(own) if own else data / "mlsystem" / "images")


def build_image(
    name: str,
    context: Path,
    dockerfile: Path,
    arguments: Mapping[str, str],
    builder: Builder,
    layout: ImageLayout,
    tell: Callable[[str], None],
) -> Built:
    """Raises ImageError."""
    if not context.is_dir():
        raise ImageError(f"{context} is no folder: a build needs one to copy files from")
    chosen = _available() if builder == "auto" else builder
    tell(f"building {name} with {_WORDS[chosen]}")
    if chosen == "interpreter":
        return Built(name, build(Build(dockerfile, context, arguments, (name,)), layout, tell), chosen)
    with tempfile.TemporaryDirectory(prefix="image-", dir=layout.folder) as scratch:
        archive = Path(scratch) / "image.tar"
        try:
            for command in _commands(chosen, name, context, dockerfile, arguments, archive):
                _run(command, tell)
        except ImageError as error:
            raise ImageError(
                f"{error}\n--builder interpreter builds without {chosen}, of this machine's own files"
            ) from error
        return Built(name, load(archive, layout, name)[name], chosen)


_WORDS = {
    "docker": "Docker",
    "buildah": "buildah",
    "interpreter": "mlsystem's own interpreter of Dockerfiles, over this machine's files",
}


def _available() -> Literal["docker", "buildah", "interpreter"]:
    if _answers(["docker", "version", "--format", "{{.Server.Version}}"]):
        return "docker"
    return "buildah" if _answers(["buildah", "version"]) else "interpreter"


def _answers(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=_ANSWER_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _commands(
    builder: str, name: str, context: Path, dockerfile: Path, arguments: Mapping[str, str], archive: Path
) -> Iterator[list[str]]:
    values = [word for item in arguments.items() for word in ("--build-arg", "=".join(item))]
    options = [*values, "--tag", name, "--file", str(dockerfile), str(context)]
    if builder == "docker":
        # Lambda and SageMaker refuse the attestations that newer builders add.
        yield ["env", "BUILDX_NO_DEFAULT_ATTESTATIONS=1", "docker", "build", *options]
        yield ["docker", "save", "--output", str(archive), name]
    else:
        # At no certain time: the same content makes the same image.
        yield ["buildah", "build", "--timestamp", "0", *options]
        yield ["buildah", "push", "--quiet", name, f"docker-archive:{archive}"]


def _run(command: list[str], tell: Callable[[str], None]) -> None:
    said: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tell(line.rstrip("\n"))
            said.append(line)
    if process.returncode != 0:
        words = " ".join(word for word in command if not word.startswith(("env", "BUILDX")))
        raise ImageError(
            f"`{words}` ended with exit code {process.returncode}:\n{''.join(said[-_LAST_LINES:]).strip()}"
        )
