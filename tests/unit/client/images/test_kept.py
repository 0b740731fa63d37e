"""Images that are kept: built once for what they are made of, and again when that, or they, are no longer what they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsystem.client.images.kept import LONGEST_SECONDS, kept_image
from mlsystem.client.images.layout import LAYER, ImageConfig, ImageLayout


@pytest.fixture
def use(tmp_path: Path) -> Callable[[str], bool]:
    """Use the image made of something; whether it was built for that."""

    def used(content: str) -> bool:
        built = []

        def build(layout: ImageLayout) -> None:
            built.append(content)
            layout.save("image", ImageConfig(layers=(layout.add(f"files of {content}".encode(), LAYER),)))

        with kept_image(tmp_path / "kept", "image", content, build) as layout:
            [layer] = layout.load("image").layers
            assert layout.blob_path(layer.digest).read_text() == f"files of {content}"
        return built == [content]

    return used


def test_it_is_built_once_for_what_it_is_made_of(use: Callable[[str], bool], tmp_path: Path) -> None:
    assert [use("one"), use("one"), use("two"), use("two")] == [True, False, True, False]
    assert [path.name for path in (tmp_path / "kept").iterdir() if path.is_dir()] == ["two"], "one is kept, not all"


def test_a_build_that_failed_leaves_nothing_behind_that_counts(use: Callable[[str], bool], tmp_path: Path) -> None:
    def fail(layout: ImageLayout) -> None:
        layout.add(b"half of it", LAYER)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"), kept_image(tmp_path / "kept", "image", "one", fail):
        pass
    assert use("one")


def test_one_that_is_damaged_or_old_is_built_anew(use: Callable[[str], bool], tmp_path: Path) -> None:
    assert use("one")
    for blob in (tmp_path / "kept" / "one" / "blobs").iterdir():
        before = blob.read_bytes()
        for damage in (blob.unlink, lambda blob=blob: blob.write_bytes(b"")):
            damage()
            assert use("one"), "it is damaged"
            assert blob.read_bytes() == before
    long_ago = (tmp_path / "kept" / "one").stat().st_mtime - LONGEST_SECONDS - 60
    os.utime(tmp_path / "kept" / "one", (long_ago, long_ago))
    assert use("one"), "it is old"
    assert not use("one")
