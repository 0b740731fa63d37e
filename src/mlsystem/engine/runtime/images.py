"""Images on disk: blobs by their digest, and the tree of files that an image's layers make.

An image is what OCI says: a manifest, a configuration and layers, each a blob named by its SHA-256. A tree is unpacked once, beside the
blobs, and mounted read-only into every sandbox that runs the image.
https://github.com/opencontainers/image-spec/blob/main/manifest.md
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import threading
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mlsystem.archives import BROKEN_TAR
from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.runtime.process import ImageFiles
from mlsystem.engine.runtime.program_files import remove_folder
from mlsystem.image_tree import apply_layer, is_root

PIECE_BYTES = 1024 * 1024
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
LARGEST_MANIFEST = 4 * 1024 * 1024
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OF_THE_SANDBOX = ("dev", "proc", "sys", "run", "tmp")


class BrokenImage(EngineError):
    """An image of which a blob is missing, or is not what its digest says, or cannot be unpacked."""


@dataclass(frozen=True)
class Image:
    """An image that can be run: its configuration, and its files."""

    digest: str
    files: ImageFiles
    environment: dict[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    working_directory: str


class ImageStore:
    """Blobs and trees below one folder. Safe to use from several threads and again after a crash: everything is renamed into place."""

    def __init__(self, folder: Path):
        self._blobs = folder / "blobs"
        self._trees = folder / "trees"
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        for path in (self._blobs, self._trees):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for tree in self._trees.glob(".*"):  # which an engine had begun when it died
            remove_folder(tree)

    def has(self, digest: str) -> bool:
        return _is_digest(digest) and self._blob(digest).exists()

    def add(self, stream: BinaryIO) -> str:
        """Store a blob; its digest (`sha256:...`). A blob that is there already is not stored twice."""
        aside = self._blobs / f".{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        try:
            with aside.open("xb") as file:
                while piece := stream.read(PIECE_BYTES):
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            name = f"sha256:{digest.hexdigest()}"
            aside.rename(self._blob(name))
        finally:
            aside.unlink(missing_ok=True)
        return name

    def path(self, digest: str) -> Path:
        """The file of a blob. Raises BrokenImage when there is none."""
        blob = self._blob(digest)
        if not blob.exists():
            raise BrokenImage(f"the blob {digest} is missing: push the image again")
        return blob

    def read(self, digest: str) -> bytes:
        """A small blob: a manifest or a configuration."""
        return self.path(digest).read_bytes()

    def open(self, digest: str) -> Image:
        """The image of a manifest, unpacked if need be. Raises BrokenImage."""
        manifest = self._json(digest)
        tree = self._trees / self._name(digest)
        try:
            config = self._json(manifest["config"]["digest"]).get("config") or {}
            layers = [layer["digest"] for layer in manifest["layers"]]
        except (KeyError, TypeError) as error:
            raise BrokenImage(f"the manifest {digest} is none: {error!r}") from error
        with self._locks[digest]:
            if not tree.exists():
                self._unpack(layers, tree)
        return Image(
            digest=digest,
            files=ImageFiles(tree, is_root=is_root(tree)),
            environment=dict(entry.partition("=")[::2] for entry in config.get("Env") or ()),
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            working_directory=config.get("WorkingDir") or "/",
        )

    def remove(self, digest: str) -> None:
        """Forget an image's tree and manifest; its layers stay, as others may share them."""
        remove_folder(self._trees / self._name(digest))
        self._blob(digest).unlink(missing_ok=True)

    def touch(self, digest: str) -> bool:
        """Whether it is there; who was told so may count on it for a day."""
        if not self.has(digest):
            return False
        os.utime(self._blob(digest))
        return True

    def sweep(self, named: Collection[str], before: float) -> int:
        """Remove blobs and trees that are older, and that neither these digests nor the manifests among them name; how many."""
        kept = {digest.removeprefix("sha256:") for digest in named}
        for digest in named:
            kept |= self._parts(digest)
        places = (*self._blobs.iterdir(), *self._trees.iterdir())
        # What begins with a dot is being written.
        unnamed = [path for path in places if path.name not in kept and not path.name.startswith(".")]
        doomed = [path for path in unnamed if path.lstat().st_mtime < before]
        for path in doomed:
            remove_folder(path) if path.is_dir() else path.unlink(missing_ok=True)
        return len(doomed)

    def _parts(self, digest: str) -> set[str]:
        """Of a manifest its configuration and layers; of what is none, nothing."""
        blob = self._blob(digest)
        if not blob.exists() or blob.stat().st_size > LARGEST_MANIFEST:
            return set()
        try:
            manifest = json.loads(blob.read_bytes())
            parts = [manifest["config"], *manifest["layers"]]
            return {str(part["digest"]).removeprefix("sha256:") for part in parts}
        except (ValueError, KeyError, TypeError):
            return set()

    def _blob(self, digest: str) -> Path:
        return self._blobs / self._name(digest)

    def _name(self, digest: str) -> str:
        """Raises BrokenImage for what is no digest, and might be the path of something else."""
        if not _is_digest(digest):
            raise BrokenImage(f"{digest!r} is not the digest of a blob")
        return digest.removeprefix("sha256:")

    def _json(self, digest: str) -> dict[str, Any]:
        try:
            return dict(json.loads(self.read(digest)))
        except (ValueError, TypeError, RecursionError) as error:
            raise BrokenImage(f"the blob {digest} is not JSON: {error}") from error

    def _unpack(self, layers: list[str], tree: Path) -> None:
        aside = tree.with_name(f".{tree.name}-{secrets.token_hex(4)}")
        try:
            aside.mkdir()
            for layer in layers:
                apply_layer(self.path(layer), aside)
            _check_root(aside)
            aside.rename(tree)
        except BROKEN_TAR as error:
            raise BrokenImage(f"an image's layer cannot be unpacked: {error}") from error
        finally:
            remove_folder(aside)


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and DIGEST.fullmatch(text) is not None


def _check_root(tree: Path) -> None:
    """Raises BrokenImage for a root in which the sandbox cannot put its own folders where they belong."""
    for name in _OF_THE_SANDBOX if is_root(tree) else ():
        place = tree / name
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            raise BrokenImage(f"/{name} of the image is no folder: it must be one, or be missing")
