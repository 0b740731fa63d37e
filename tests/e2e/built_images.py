"""The real images, built once for each content of what they are made of, and pushed to an engine. The analyzer's is the product's own."""

from __future__ import annotations

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from mlsystem.client.images.build import Build, build
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import push
from mlsystem.client.monitor_image import monitor_image
from tests.live import LiveEngine

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
CONTAINER = ROOT / "project" / "container"
MADE_OF = (CONTAINER, SOURCE / "mlsystem" / "client" / "images")
# The container program's image, and the one with MLflow's client.
ARGUMENTS: dict[str, dict[str, str]] = {
    "container": {},
    "container-mlflow": {"REQUIREMENTS": "requirements-mlflow.txt"},
}
CACHE = Path.home() / ".cache" / "mlsystem-tests"


def push_built(engine: LiveEngine, name: str) -> str:
    """The URI of the image `monitor` or one of `ARGUMENTS` in a repository of its own, which the project's roles may pull from."""
    ecr, home = engine.client("ecr"), f"mls-{name}"
    made = {item["repositoryName"]: item for item in ecr.describe_repositories()["repositories"]}
    repository = made.get(home) or ecr.create_repository(repositoryName=home)["repository"]
    uri = f"{repository['repositoryUri']}:real"
    if name == "monitor":
        with monitor_image(lambda _: None) as layout:
            push(uri, layout, ecr, lambda _: None, name)
    else:
        push(uri, ImageLayout(built(name)), ecr, lambda _: None, name)
    return uri


def built(name: str = "container") -> Path:
    """The folder of a layout with an image of `ARGUMENTS`; several test processes may ask at once."""
    folder = CACHE / f"images-{_content().hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        layout = ImageLayout(folder)
        if layout.find(name) is None:
            build(Build(CONTAINER / "Dockerfile", CONTAINER, ARGUMENTS[name], (name,)), layout, lambda _: None)
    return folder


def _content() -> hashlib._Hash:
    digest = hashlib.sha256(sys.version.encode())
    for path in _files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest


def _files() -> Iterator[Path]:
    for folder in MADE_OF:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".pyc")
