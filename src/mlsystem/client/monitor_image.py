"""The analyzer as an image in ECR, under the name that pipeline.yml expects. It is built once for what it is made of, and then kept."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mlsystem
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.image import make_repository, registry_of
from mlsystem.client.images.base import PYTHON, interpreter
from mlsystem.client.images.build import Build, build
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.kept import cache_folder, kept_image
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import push

NAME = "monitor"
PACKAGE = Path(mlsystem.__file__).parent
DOCKERFILE = PACKAGE / "monitor" / "Dockerfile"
# Of this package: what is in the image, and what builds it.
MADE_OF = ("__init__.py", "monitor", "client/images")


def push_monitor(connection: Connection, prefix: str, tell: Callable[[str], None]) -> None:
    """Push it as <prefix>-monitor:latest. Raises ClientFailure."""
    make_repository(connection, f"{prefix}-monitor")
    name = f"{registry_of(connection)}/{prefix}-monitor:latest"
    try:
        with monitor_image(tell) as layout:
            push(name, layout, connection.client("ecr"), tell, NAME)
    except ImageError as error:
        raise ClientFailure(str(error)) from error


@contextmanager
def monitor_image(tell: Callable[[str], None]) -> Iterator[ImageLayout]:
    """A layout that holds it under NAME. Raises ImageError."""

    def make(layout: ImageLayout) -> str:
        return build(Build(DOCKERFILE, PACKAGE.parent, {}, (NAME,)), layout, tell)

    folder = cache_folder() / "monitor-image"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "lock").touch()
    except OSError:  # then it is not kept
        with tempfile.TemporaryDirectory(prefix="monitor-image-") as aside:
            layout = ImageLayout(Path(aside))
            make(layout)
            yield layout
        return
    with kept_image(folder, NAME, _content(tell), make) as layout:
        yield layout


def _content(tell: Callable[[str], None]) -> str:
    """What it is made of: files of this package, and a Python."""
    base = PYTHON.search(DOCKERFILE.read_text())
    assert base is not None, f"{DOCKERFILE} begins with no Python"
    digest = hashlib.sha256(f"{interpreter(base['version'], tell)} {sys.version}".encode())
    for path in sorted(path for made in MADE_OF for path in _files(PACKAGE / made)):
        digest.update(f"\0{path.relative_to(PACKAGE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (inner for inner in path.rglob("*") if inner.is_file() and inner.suffix != ".pyc")
