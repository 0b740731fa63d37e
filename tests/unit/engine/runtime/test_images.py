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
        with pytest.raises(BrokenImage, match="is no digest"):
            read(digest)
    assert (tmp_path / "secret").exists()


def test_an_environment_variable_may_have_no_value(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    image = store.open(_image(store, SHELL))
    assert (image.environment, image.files.is_root) == ({"A": "", "B": "1=2"}, True)
