"""Files of images, as other tools write them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mlsystem.client.images.archive import load
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout
from tests.unit.client.images.workshop import Workshop

CONFIG = json.dumps({"config": {"Env": ["A=1"], "Cmd": ["serve"], "WorkingDir": "/srv"}}).encode()


def _tar(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


LAYER = _tar({"srv/serve": b"s"})


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _docker(tags: list[str] | None, layer: bytes = LAYER) -> dict[str, bytes]:
    listed = [{"Config": "c.json", "RepoTags": tags, "Layers": ["l/layer.tar"]}]
    return {"manifest.json": json.dumps(listed).encode(), "c.json": CONFIG, "l/layer.tar": layer}


def _oci(layer: bytes = LAYER, name: str = "a:1", is_indexed: bool = False) -> dict[str, bytes]:
    files: dict[str, bytes] = {}

    def put(content: bytes) -> dict[str, Any]:
        files[f"blobs/sha256/{_digest(content)}"] = content
        return {"digest": f"sha256:{_digest(content)}", "size": len(content), "mediaType": "x"}

    manifest = put(json.dumps({"schemaVersion": 2, "config": put(CONFIG), "layers": [put(layer)]}).encode())
    if is_indexed:
        other = {**manifest, "digest": "sha256:" + "0" * 64, "platform": {"os": "linux", "architecture": "s390x"}}
        own = {**manifest, "platform": {"os": "linux", "architecture": ImageLayout.architecture()}}
        manifest = put(json.dumps({"manifests": [other, own]}).encode())
    annotations = {"org.opencontainers.image.ref.name": name} if name else {}
    files["index.json"] = json.dumps({"manifests": [{**manifest, "annotations": annotations}]}).encode()
    return files


@pytest.mark.parametrize(
    "files",
    [
        _docker(["a:1"]),
        _docker(["a:1"], gzip.compress(LAYER, mtime=0)),
        _oci(),
        _oci(gzip.compress(LAYER, mtime=0)),
        _oci(is_indexed=True),
    ],
    ids=["docker", "docker-zipped", "oci", "oci-zipped", "oci-of-platforms"],
)
def test_an_image_is_taken_over_with_what_it_says_of_itself(
    workshop: Workshop, tmp_path: Path, files: dict[str, bytes]
) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(_tar(files))
    loaded = load(archive, workshop.layout)
    assert loaded == {"a:1": workshop.layout.find("a:1")}
    assert workshop.files("a:1") == {"srv/serve": "s"}
    config = workshop.layout.load("a:1")
    assert (config.environment, config.command, config.working_directory) == ({"A": "1"}, ("serve",), "/srv")


def test_an_image_without_a_name_gets_one_and_one_with_several_another(workshop: Workshop, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    for files in (_docker(None), _docker(["a:1", "b:1"]), _oci(name="")):
        archive.write_bytes(_tar(files))
        assert list(load(archive, workshop.layout, "mine:1")) == ["mine:1"]
    archive.write_bytes(_tar(_docker(["a:1", "b:1"])))
    assert sorted(load(archive, workshop.layout)) == ["a:1", "b:1"]


def _changed(files: dict[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    return {known: content if known.startswith(name) else before for known, before in files.items()}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read as an archive of images"),
        (b"no archive", "cannot be read as an archive of images"),
        (_tar({"a": b""}), "holds no image: neither manifest.json nor index.json"),
        (_tar(_docker(None)), "give --tag for one without a name"),
        (_tar({"../out": b"x"}), "cannot be read as an archive of images"),
        (_tar(_changed(_docker(["a:1"]), "manifest", b"[{}]")), "holds no whole image: KeyError"),
        (_tar(_changed(_oci(), "index", b"{")), "holds no whole image"),
        (
            _tar(_changed(_oci(), f"blobs/sha256/{_digest(LAYER)}", b"another")),
            "holds no whole image: ValueError.*the blob",
        ),
        (_tar({name: text for name, text in _oci().items() if _digest(LAYER) not in name}), "holds no whole image"),
    ],
)
def test_what_is_no_image_is_named(workshop: Workshop, tmp_path: Path, content: bytes, reason: str) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(content)
    before = workshop.layout.names()
    with pytest.raises(ImageError, match=rf"image\.tar .*{reason}"):
        load(archive, workshop.layout)
    assert workshop.layout.names() == before
    assert not [path for path in workshop.layout.folder.iterdir() if path.name.startswith(("image-", "aside"))]
    assert not (tmp_path / "out").exists()


def test_images_that_have_layers_in_common_are_all_taken_over(workshop: Workshop, tmp_path: Path) -> None:
    """Older ones of Docker's write a layer once, and links to it."""
    listed = [
        {"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l/layer.tar", "m/layer.tar"]},
        {"Config": "c.json", "RepoTags": ["b:1"], "Layers": ["l/layer.tar", "l/layer.tar"]},
    ]
    archive = tmp_path / "image.tar"
    archive.write_bytes(_tar({**_docker(None), "manifest.json": json.dumps(listed).encode(), "m/VERSION": b"1"}))
    with tarfile.open(archive, "a") as tar:
        link = tarfile.TarInfo("m/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../l/layer.tar"
        tar.addfile(link)
    assert sorted(load(archive, workshop.layout)) == ["a:1", "b:1"]
    assert (workshop.files("a:1"), workshop.files("b:1")) == ({"srv/serve": "s"}, {"srv/serve": "s"})
    assert not [path for path in workshop.layout.folder.iterdir() if path.name.startswith(("image-", "aside"))]


@pytest.mark.parametrize("form", ["docker", "config", "oci"])
def test_a_files_paths_lead_to_nothing_beside_it(workshop: Workshop, tmp_path: Path, form: str) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(LAYER)
    for name in (str(mine), "../../../mine"):
        files = _docker(["a:1"]) if form != "oci" else _oci()
        if form == "oci":
            files = _changed(files, "index", json.dumps({"manifests": [{"digest": f"sha256:{name}"}]}).encode())
        else:
            item = {"Config": name if form == "config" else "c.json", "RepoTags": ["a:1"], "Layers": [name]}
            files = _changed(files, "manifest", json.dumps([item]).encode())
        archive = tmp_path / "image.tar"
        archive.write_bytes(_tar(files))
        with pytest.raises(ImageError, match="holds no whole image"):
            load(archive, workshop.layout)
        assert mine.read_bytes() == LAYER


@pytest.mark.parametrize("name", ["..", ".", "a\0b", "n" * 300])
def test_a_name_that_cannot_be_written_down_is_refused(workshop: Workshop, tmp_path: Path, name: str) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(_tar(_docker([name])))
    with pytest.raises(ImageError, match="cannot be written down"):
        load(archive, workshop.layout)


def test_an_index_that_means_itself_and_a_layer_that_cannot_be_read_are_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    own = json.dumps({"manifests": [{"digest": "sha256:own"}]}).encode()
    archive = tmp_path / "image.tar"
    archive.write_bytes(_tar({"index.json": own, "blobs/sha256/own": own}))
    with pytest.raises(ImageError, match="something else"):
        load(archive, workshop.layout)
    archive.write_bytes(_tar(_docker(["a:1"], b"\x28\xb5\x2f\xfd")))
    with pytest.raises(ImageError, match="zstd"):
        load(archive, workshop.layout)
