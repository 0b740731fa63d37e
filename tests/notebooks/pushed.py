"""The images that the notebooks would build, in the registry already, as they are for whoever runs the second notebook.

To build and push one is left to them with the analyzer's; to build the container's, to exp-local-sm.ipynb.
"""

from __future__ import annotations

import fcntl
import subprocess

from mlsystem.client.images.build import Build, build
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.registry import push
from tests.e2e.built_images import CONTAINER, built
from tests.live import LiveEngine

REPOSITORIES = ("mls-exp", "mls-exp-lambda")
LAYOUT_NAMES = ("container", "function")


def push_images(engine: LiveEngine) -> None:
    """Under the names that build_image.sh gives them."""
    ecr = engine.client("ecr")
    homes = [ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"] for name in REPOSITORIES]
    command = [str(CONTAINER / "build_image.sh"), "--both", "--name", *homes]
    uris = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    layout = _layout()
    for uri, name in zip(uris, LAYOUT_NAMES, strict=True):
        push(uri, layout, ecr, lambda _: None, name)


def _layout() -> ImageLayout:
    """With both; several test processes may ask at once."""
    folder = built()
    layout = ImageLayout(folder)
    container, function = LAYOUT_NAMES
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if layout.find(function) is None:
            dockerfile = CONTAINER / "Dockerfile.lambda.ecr"
            build(Build(dockerfile, CONTAINER, {"BASE_IMAGE": container}, (function,)), layout, lambda _: None)
    return layout
