"""Folders within folders, more than Python follows: a program makes them in a second."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.runtime.program_files import paths_below, remove_folder
from mlsystem.engine.runtime.s3_files import pack
from tests.unit.engine.runtime.test_s3_files import Bucket, files_in


def _dig(folder: Path, depth: int) -> None:
    folder.mkdir()
    place = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=place))
    os.close(place)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "deep"
    remove_folder(tmp_path / "deep")  # pytest could not


def test_a_deep_folder_is_uploaded_packed_and_removed(deep: Path, tmp_path: Path) -> None:
    _dig(deep, 1500)
    assert len(paths_below(deep)) == 1501
    bucket = Bucket()
    files_in(bucket).upload_folder(deep, "s3://b/out")
    assert [len(key) for key in bucket.objects] == [len("out/") + 1500 * len("d/") + len("file")]
    pack(deep, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert len(tar.getnames()) == 1501
    remove_folder(deep)
    assert not deep.exists()


def test_what_has_no_path_that_the_kernel_takes_fails_the_job_and_is_removed(deep: Path, tmp_path: Path) -> None:
    _dig(deep, 3000)
    with pytest.raises(ActionFailed, match="cannot be looked at: File name too long"):
        pack(deep, tmp_path / "a.tar.gz")
    remove_folder(deep)
    assert not deep.exists()


def test_folders_that_nobody_may_enter_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch(mode=0o400)
    folder = tmp_path / "folder"
    (folder / "closed/inner").mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path / "kept")
    (folder / "closed").chmod(0)
    remove_folder(folder)
    assert not folder.exists()
    assert (tmp_path / "kept/file").stat().st_mode & 0o777 == 0o400
    remove_folder(folder)


def test_what_is_below_is_sorted_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/c").symlink_to("b")
    (tmp_path / "a/b/file").touch()
    assert [path.relative_to(tmp_path).as_posix() for path in paths_below(tmp_path)] == ["a", "a/b", "a/b/file", "a/c"]
    assert paths_below(tmp_path / "nothing") == []
