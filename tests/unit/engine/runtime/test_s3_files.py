"""Files of a program's, on their way to S3 and from there: it chose the names, and what lies behind them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.runtime.s3_files import S3Files, opened_below, own_folder, pack


class Bucket:
    """S3 as far as it is used: it keeps what is put, and has these keys."""

    def __init__(self, *keys: str):
        self.objects: dict[str, bytes] = dict.fromkeys(keys, b"x")

    def __call__(
        self, service: str, operation: str, request: Mapping[str, Any], principal: Principal | None = None
    ) -> dict[str, Any]:
        match operation:
            case "PutObject":
                body = request["Body"]
                self.objects[request["Key"]] = body.read_bytes() if isinstance(body, Path) else body.read()
                return {}
            case "GetObject":
                return {"Body": self}
        return {"Contents": [{"Key": key} for key in self.objects if key.startswith(request["Prefix"])]}

    def pieces(self) -> Iterator[bytes]:
        yield b"x"


def files_in(bucket: Bucket) -> S3Files:
    return S3Files(bucket, Principal("arn:aws:iam::000000000000:root", "000000000000"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine/secret").write_text("mine")
    (tmp_path / "job/out").mkdir(parents=True)
    return tmp_path / "job/out"


def test_links_pipes_and_sockets_are_left(folder: Path, tmp_path: Path) -> None:
    (folder / "a").write_text("a")
    (folder / "inside").symlink_to("a")
    (folder / "secret").symlink_to(tmp_path / "machine/secret")
    (folder / "machine").symlink_to(tmp_path / "machine")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    bucket = Bucket()
    files_in(bucket).upload_folder(folder, "s3://b/out")
    assert bucket.objects == {"out/a": b"a", "out/inside": b"a"}


def test_a_folder_with_a_link_in_its_way_is_not_the_programs(folder: Path, tmp_path: Path) -> None:
    assert own_folder(folder, tmp_path) == folder
    folder.rmdir()
    assert own_folder(folder, tmp_path) == folder
    folder.symlink_to(tmp_path / "machine")
    with pytest.raises(ActionFailed, match="in the place of the folder job/out is a link"):
        own_folder(folder, tmp_path)


def test_a_file_that_grows_is_as_long_as_it_was(folder: Path) -> None:
    (folder / "log").write_text("begun")
    with opened_below(folder, folder / "log") as file, (folder / "log").open("a") as more:
        assert file is not None
        more.write(" and goes on")
        more.flush()
        assert (file.read(2), file.read(), file.read()) == (b"be", b"gun", b"")


def test_a_file_that_becomes_a_link_is_never_followed(folder: Path, tmp_path: Path) -> None:
    """A program that swaps a file and a link while it is looked at."""
    (folder / "real").write_text("real")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            for target in ("real", str(tmp_path / "machine/secret")):
                (folder / "aside").symlink_to(target)
                (folder / "aside").rename(folder / "file")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        read = set()
        for _ in range(2000):
            with opened_below(folder, folder / "file") as file:
                read.add(b"" if file is None else file.read())
    finally:
        is_over.set()
        thread.join()
    assert b"mine" not in read


def test_a_name_that_is_no_key_fails_the_job(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_text("x")
    with pytest.raises(ActionFailed, match="a name that is not UTF-8"):
        files_in(Bucket()).upload_folder(folder, "s3://b/out")


@pytest.mark.parametrize("keys", [("in/a", "in/a/b"), ("in/a/b", "in/a"), (f"in/{'n' * 300}",)])
def test_keys_that_are_no_paths_fail_the_job(tmp_path: Path, keys: tuple[str, ...]) -> None:
    with pytest.raises(ActionFailed, match=r"s3://b/in/.* cannot be the file"):
        files_in(Bucket(*keys)).download("s3://b/in/", tmp_path / "in")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_fails_the_job(folder: Path, tmp_path: Path) -> None:
    (folder / "closed").touch(mode=0)
    with pytest.raises(ActionFailed, match="closed cannot be read"):
        files_in(Bucket()).upload_folder(folder, "s3://b/out")
    with pytest.raises(ActionFailed, match="cannot be made"):
        pack(folder, tmp_path / "a.tar.gz")
