"""Artifacts of a build: the files of its folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from mlsystem.engine.services.codebuild.build_actions import zip_folder


def test_links_out_of_the_folder_are_left(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    folder = tmp_path / "primary"
    folder.mkdir()
    (folder / "a").write_text("a")
    (folder / "b").symlink_to("a")
    (folder / "c").symlink_to(tmp_path / "secret")
    archive = io.BytesIO()
    zip_folder(folder, archive)
    with zipfile.ZipFile(archive) as content:
        assert content.namelist() == ["a", "b"]
