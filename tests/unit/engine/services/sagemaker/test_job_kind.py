"""What a job leaves in its folder is read as the program's own, wherever its links lead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.services.sagemaker.continuous_upload import ContinuousUpload, upload_changed
from mlsystem.engine.services.sagemaker.job import TrainingJob
from mlsystem.engine.services.sagemaker.job_kind import Training, read_words
from tests.unit.engine.runtime.test_s3_files import Bucket, files_in

SECRET = "mine"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine/failure").write_text(SECRET)
    for name in ("model", "output/data", "checkpoints"):
        (tmp_path / "job/ml" / name).mkdir(parents=True)
    return tmp_path / "job/ml"


def _link(tree: Path, name: str) -> None:
    place = tree / name
    if place.is_dir():
        place.rename(tree / "old")
    place.symlink_to(tree.parents[1] / "machine")


@pytest.mark.parametrize(
    "leave",
    [
        lambda tree: (tree / "output/failure").symlink_to(tree.parents[1] / "machine/failure"),
        lambda tree: _link(tree, "output"),
        lambda tree: os.mkfifo(tree / "output/failure"),
        lambda tree: (tree / "output/failure").symlink_to("/dev/zero"),
        lambda tree: (tree / "output/failure").mkdir(),
    ],
)
def test_a_failure_is_the_programs_own_words(tree: Path, leave: Callable[[Path], None]) -> None:
    leave(tree)
    assert read_words(tree, "output/failure") == ""


def test_a_long_failure_is_cut(tree: Path) -> None:
    (tree / "output/failure").write_text("ü" * 5000)
    assert read_words(tree, "output/failure") == "ü" * 1024


def _upload(tree: Path) -> dict[str, bytes]:
    request: dict[str, Any] = {
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "CheckpointConfig": {"S3Uri": "s3://b/checkpoints"},
    }
    bucket = Bucket()
    Training().upload(TrainingJob(key="job", arn="arn", request=request), tree, files_in(bucket))
    return bucket.objects


FOLDERS = pytest.mark.parametrize("name", ["model", "output", "output/data", "checkpoints"])


@FOLDERS
def test_a_job_uploads_no_folder_of_the_machine(tree: Path, name: str) -> None:
    _link(tree, name)
    with pytest.raises(ActionFailed, match=r"in the place of the folder .* is a link"):
        _upload(tree)


@FOLDERS
def test_a_folder_that_a_job_has_removed_is_empty(tree: Path, name: str) -> None:
    shutil.rmtree(tree / name)
    assert list(_upload(tree)) == ["out/job/output/model.tar.gz"]


def test_what_was_uploaded_is_noted_also_where_a_later_file_fails(tree: Path) -> None:
    part = ContinuousUpload(tree / "checkpoints", "s3://b/checkpoints")
    (part.folder / "a").write_text("a")
    Path(os.fsdecode(os.fsencode(part.folder) + b"/\xff")).write_text("x")
    first, second = Bucket(), Bucket()
    for bucket in (first, second):
        with pytest.raises(ActionFailed, match="not UTF-8"):
            upload_changed([part], tree.parent, files_in(bucket), is_last=True)
    assert (list(first.objects), list(second.objects)) == (["checkpoints/a"], [])
