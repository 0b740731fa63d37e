"""An image that is kept on this machine from one use to the next, as long as it would be built of the same things.

At most one is kept below a folder: what is made of other things, is damaged, or is older than a month, as requirements may bring newer
packages by then, gives way to one that is built anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlsystem.client.images.layout import ImageLayout

FOLDER_VARIABLE = "MLSYSTEM_CACHE"
LONGEST_SECONDS = 30 * 24 * 3600.0
LOCK = "lock"


def cache_folder() -> Path:
    """$MLSYSTEM_CACHE, else where programs of this user keep what they can make again."""
    own = os.environ.get(FOLDER_VARIABLE)
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlsystem"


@contextmanager
def kept_image(folder: Path, name: str, content: str, build: Callable[[ImageLayout], object]) -> Iterator[ImageLayout]:
    """A layout below `folder` with the image `name`, made by `build` if need be; nobody changes it meanwhile.

    `content` tells what it is made of: letters and digits, the same for the same things. Raises OSError where the folder is not writable.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = folder / content
    with (folder / LOCK).open("w") as lock:
        # Between building and using it somebody else may replace it: then it is built again.
        while True:
            fcntl.flock(lock, fcntl.LOCK_SH)
            if _is_whole(own, name):
                break
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_whole(own, name):
                _remove_all(folder)
                build(ImageLayout(own))
        yield ImageLayout(own)


def _is_whole(folder: Path, name: str) -> bool:
    """Whether the image is there and not too old, and each of its files is what its name says."""
    if not folder.is_dir():
        return False
    layout = ImageLayout(folder)
    digest = layout.find(name)
    if digest is None or time.time() - folder.stat().st_mtime > LONGEST_SECONDS or not _is_intact(layout, digest):
        return False
    manifest = json.loads(layout.manifest(digest))
    return all(_is_intact(layout, item["digest"]) for item in [manifest["config"], *manifest["layers"]])


def _is_intact(layout: ImageLayout, digest: str) -> bool:
    try:
        with layout.blob_path(digest).open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == digest
    except OSError:
        return False


def _remove_all(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
