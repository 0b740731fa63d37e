"""The images of this machine's builder: blobs by digest, and names that point to manifests."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlsystem.archives import BROKEN_TAR
from mlsystem.client.images.errors import ImageError
from mlsystem.image_tree import apply_layer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Blob:
    digest: str
    size: int
    media_type: str

    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass
class ImageConfig:
    """What an image says of how it is to be run. `layers` are those of its base and its own, oldest first."""

    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_directory: str = "/"
    labels: dict[str, str] = field(default_factory=dict)
    layers: tuple[Blob, ...] = ()
    user: str = ""  # as whom Docker runs it; a sandbox has one user


class ImageLayout:
    """A folder of blobs and names. Blobs are renamed into place, so two builds at once share it safely."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
        (folder / "names").mkdir(exist_ok=True)

    @staticmethod
    def architecture() -> str:
        """Of this machine, as images name it."""
        return "arm64" if os.uname().machine == "aarch64" else "amd64"

    def names(self) -> dict[str, str]:
        """Digests by name, of all images that are here."""
        return {path.name.replace("%", "/"): path.read_text() for path in (self.folder / "names").iterdir()}

    def blob_path(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.removeprefix("sha256:")

    def add(self, content: bytes, media_type: str) -> Blob:
        blob = Blob(f"sha256:{hashlib.sha256(content).hexdigest()}", len(content), media_type)
        self._place(blob.digest, content)
        return blob

    def add_file(self, path: Path, media_type: str) -> Blob:
        """Takes over a file that was written below this layout's folder."""
        with path.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        blob = Blob(digest, path.stat().st_size, media_type)
        path.rename(self.blob_path(digest))
        path.unlink(missing_ok=True)  # of two names of one file the kernel leaves both
        return blob

    def scratch(self) -> Path:
        return self.folder / f"aside-{secrets.token_hex(6)}"

    def save(self, name: str, config: ImageConfig) -> str:
        """Write an image under a name; its digest."""
        document = {
            "architecture": self.architecture(),
            "os": "linux",
            "config": {
                "Env": [f"{key}={value}" for key, value in config.environment.items()],
                "Entrypoint": list(config.entrypoint) or None,
                "Cmd": list(config.command) or None,
                "WorkingDir": config.working_directory,
                **({"User": config.user} if config.user else {}),
                "Labels": config.labels or None,
            },
            # The layers are not compressed, so the digest of the content is the digest of the blob.
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in config.layers]},
        }
        blob = self.add(json.dumps(document, sort_keys=True).encode(), CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob.descriptor(),
            "layers": [layer.descriptor() for layer in config.layers],
        }
        digest = self.add(json.dumps(manifest, sort_keys=True).encode(), MANIFEST).digest
        self.tag(name, digest)
        return digest

    def tag(self, name: str, digest: str) -> None:
        """Under a name that is new, or that had another image."""
        aside = self.scratch()
        try:
            aside.write_text(digest)
            aside.rename(self._name_path(name))  # at once: others may be looking
        except (OSError, ValueError) as error:
            aside.unlink(missing_ok=True)
            raise ImageError(f"the image's name {name!r} cannot be written down: {error}") from error

    def find(self, name: str) -> str | None:
        """The digest behind a name, None when there is no such image here."""
        path = self._name_path(name)
        return path.read_text() if path.exists() else None

    def manifest(self, digest: str) -> str:
        return self.blob_path(digest).read_text()

    def load(self, name: str) -> ImageConfig:
        """Raises ImageError when the image is not here."""
        digest = self.find(name)
        if digest is None:
            raise ImageError(f"there is no image {name} on this machine: build it, or pull it from ECR")
        manifest: dict[str, Any] = json.loads(self.manifest(digest))
        config = json.loads(self.blob_path(manifest["config"]["digest"]).read_bytes()).get("config") or {}
        layers = tuple(Blob(item["digest"], item["size"], item["mediaType"]) for item in manifest["layers"])
        return ImageConfig(
            environment=dict(entry.partition("=")[::2] for entry in config.get("Env") or ()),
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            working_directory=config.get("WorkingDir") or "/",
            user=config.get("User") or "",
            labels=dict(config.get("Labels") or {}),
            layers=layers,
        )

    def unpack(self, layers: tuple[Blob, ...], folder: Path) -> None:
        """The files of an image, layer over layer. Raises ImageError."""
        folder.mkdir(exist_ok=True)
        try:
            for layer in layers:
                apply_layer(self.blob_path(layer.digest), folder)
        except BROKEN_TAR as error:
            raise ImageError(f"an image's layer cannot be unpacked: {error}") from error

    def _name_path(self, name: str) -> Path:
        return self.folder / "names" / name.replace("/", "%")

    def _place(self, digest: str, content: bytes) -> None:
        aside = self.scratch()
        aside.write_bytes(content)
        aside.rename(self.blob_path(digest))
