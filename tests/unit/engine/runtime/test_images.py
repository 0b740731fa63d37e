"""Images are unpacked for the sandbox, or refused with a reason."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from mlsystem.engine.runtime.images import BrokenImage, ImageStore


def _image(store: ImageStore, *members: tuple[str, bytes, str]) -> str:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            tar.addfile(member)
    layer.seek(0)
    config = store.add(io.BytesIO(json.dumps({"config": {"Env": ["A", "B=1=2"]}}).encode()))
    manifest = {"config": {"digest": config}, "layers": [{"digest": store.add(layer)}]}
    return store.add(io.BytesIO(json.dumps(manifest).encode()))


SHELL = ("bin/sh", tarfile.REGTYPE, "")


@pytest.mark.parametrize("name", ["proc", "dev", "sys", "run", "tmp"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE])
def test_a_root_has_no_link_where_the_sandbox_mounts(tmp_path: Path, name: str, kind: bytes) -> None:
    store = ImageStore(tmp_path)
    with pytest.raises(BrokenImage, match=f"/{name} of the image is no folder"):
        store.open(_image(store, SHELL, (name, kind, "etc")))
    assert list((tmp_path / "trees").iterdir()) == []
    assert not store.open(_image(store, (name, kind, "etc"))).files.is_root


def test_a_layer_that_leaves_its_tree_is_broken(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    store = ImageStore(tmp_path / "store")
    with pytest.raises(BrokenImage, match="cannot be unpacked"):
        store.open(_image(store, ("a", tarfile.LNKTYPE, str(tmp_path / "mine"))))


@pytest.mark.parametrize("digest", ["../../secret", "sha256:../../secret", "/etc/passwd", "sha256:", ""])
def test_what_is_no_digest_leads_to_no_file(tmp_path: Path, digest: str) -> None:
    (tmp_path / "secret").write_text("{}")
    store = ImageStore(tmp_path / "store")
    assert not store.has(digest)
    for read in (store.read, store.path, store.open, store.remove):
        with pytest.raises(BrokenImage, match="is not the digest"):
            read(digest)
    assert (tmp_path / "secret").exists()


def test_an_environment_variable_may_have_no_value(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    image = store.open(_image(store, SHELL))
    assert (image.environment, image.files.is_root) == ({"A": "", "B": "1=2"}, True)


@pytest.mark.parametrize("digest", ["/etc/passwd", "../../state.db", "sha256:..", "", "x" * 5000, "sha256:" + "0" * 63])
def test_what_is_no_digest_is_no_file_of_this_machine(tmp_path: Path, digest: str) -> None:
    store = ImageStore(tmp_path / "images")
    (tmp_path / "state.db").write_text("{}")
    assert not store.has(digest)
    for ask in (store.path, store.read, store.open, store.remove):
        with pytest.raises(BrokenImage):
            ask(digest)
    assert (tmp_path / "state.db").exists()


@pytest.mark.parametrize(
    "manifest", [b"[]", b"1", b"{}", b'{"config": {}, "layers": []}', b'{"config": {"digest": 1}}', b"[" * 50_000]
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: bytes) -> None:
    store = ImageStore(tmp_path)
    with pytest.raises(BrokenImage):
        store.open(store.add(io.BytesIO(manifest)))


def test_a_layer_with_a_header_that_is_no_number_is_refused(tmp_path: Path) -> None:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("a")
        member.pax_headers = {"GNU.sparse.map": "0,x", "GNU.sparse.size": "x"}
        tar.addfile(member)
    layer.seek(0)
    store = ImageStore(tmp_path)
    config = store.add(io.BytesIO(b"{}"))
    manifest = json.dumps({"config": {"digest": config}, "layers": [{"digest": store.add(layer)}]})
    with pytest.raises(BrokenImage, match="cannot be unpacked"):
        store.open(store.add(io.BytesIO(manifest.encode())))
