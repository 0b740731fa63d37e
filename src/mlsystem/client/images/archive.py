"""Images in files, as `docker save`, `buildah push oci-archive:` and their like write them, taken over into a layout.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlsystem.archives import BROKEN_TAR, tarfile
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import CONFIG, LAYER, MANIFEST, Blob, ImageLayout
from mlsystem.image_tree import locate

_NAME = "io.containerd.image.name"
_SHORT_NAME = "org.opencontainers.image.ref.name"
_ZIPPED = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


def load(archive: Path, layout: ImageLayout, name: str = "") -> dict[str, str]:
    """Digests by name of the images in a file; `name` is for one that has none. Raises ImageError."""
    with tempfile.TemporaryDirectory(prefix="image-", dir=layout.folder) as scratch:
        folder = Path(scratch)
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        except BROKEN_TAR as error:
            raise ImageError(f"{archive} cannot be read as an archive of images: {error}") from error
        try:
            found = dict(_images(folder, layout))
        except (KeyError, ValueError, TypeError, AttributeError, OSError) as error:
            raise ImageError(f"{archive} holds no whole image: {error!r}") from error
    if not found:
        raise ImageError(f"{archive} holds no image: neither manifest.json nor index.json is in it")
    if name and len(set(found.values())) == 1:
        found = {name: next(iter(found.values()))}
    if "" in found or (name and name not in found):
        raise ImageError(
            f"{archive} holds {len(found)} images that one name does not tell apart: give --tag for one without a name"
        )
    for one, digest in found.items():
        layout.tag(one, digest)
    return found


def _images(folder: Path, layout: ImageLayout) -> Iterator[tuple[str, str]]:
    """(name, digest) of each; a newer `docker save` writes both forms, which mean the same."""
    if (folder / "manifest.json").exists():
        for item in json.loads((folder / "manifest.json").read_bytes()):
            digest = _assemble(folder, item, layout)
            yield from ((str(tag), digest) for tag in item.get("RepoTags") or [""])
    elif (folder / "index.json").exists():
        for item in json.loads((folder / "index.json").read_bytes())["manifests"]:
            noted = item.get("annotations") or {}
            yield str(noted.get(_NAME) or noted.get(_SHORT_NAME, "")), _take_manifest(folder, item, layout)


def _assemble(folder: Path, item: Mapping[str, Any], layout: ImageLayout) -> str:
    """Docker's own form: a configuration and layers, to which the manifest is written here."""
    config = layout.add(locate(folder, item["Config"]).read_bytes(), CONFIG)
    layers = [_take(locate(folder, name), layout) for name in item["Layers"]]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers],
    }
    return layout.add(json.dumps(manifest, sort_keys=True).encode(), MANIFEST).digest


def _take_manifest(folder: Path, item: Mapping[str, Any], layout: ImageLayout) -> str:
    content = _blob(folder, item["digest"]).read_bytes()
    if layout.add(content, MANIFEST).digest != item["digest"]:
        raise ValueError(f"the blob {item['digest']} is something else")
    manifest = json.loads(content)
    if "manifests" in manifest:  # one for each platform
        return _take_manifest(folder, _for_this_machine(manifest["manifests"]), layout)
    for part in (manifest["config"], *manifest["layers"]):
        taken = _take(_blob(folder, part["digest"]), layout)
        if taken.digest != part["digest"]:
            raise ValueError(f"the blob {part['digest']} is {taken.digest}")
    return layout.add(content, MANIFEST).digest


def _for_this_machine(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    for one in manifests:
        platform = one.get("platform") or {}
        if (platform.get("os", "linux"), platform.get("architecture", "amd64")) == (
            "linux",
            ImageLayout.architecture(),
        ):
            return one
    raise ValueError(f"no image for linux/{ImageLayout.architecture()}")


def _take(path: Path, layout: ImageLayout) -> Blob:
    """It stays where it is, too: images have layers in common, and one may have the same twice."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == _ZSTANDARD:
        raise ValueError("a layer is compressed with zstd; gzip and uncompressed ones can be read")
    is_zipped = head.startswith(_ZIPPED)
    aside = layout.scratch()
    aside.hardlink_to(path)
    return layout.add_file(aside, f"{LAYER}+gzip" if is_zipped else LAYER)


def _blob(folder: Path, digest: str) -> Path:
    kind, _, name = digest.partition(":")
    return locate(folder, f"blobs/{kind}/{name}")
