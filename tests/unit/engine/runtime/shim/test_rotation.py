"""The log keeps whole lines, in a bounded number of bounded files."""

import os
from pathlib import Path

from mlsystem.engine.runtime.shim.rotation import RotatingLog


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def written(folder: Path, chunks: list[bytes], max_bytes: int = 10, keep: int = 2) -> dict[str, bytes]:
    log = RotatingLog(str(folder / "log"), max_bytes, keep)
    for chunk in chunks:
        log.write(chunk)
    log.close()
    return files(folder)


def test_a_file_ends_with_a_line(tmp_path: Path) -> None:
    assert written(tmp_path, [b"one\ntwo\nthree\nfour\n"]) == {
        "log.2": b"one\ntwo\n",
        "log.1": b"three\n",
        "log": b"four\n",
    }


def test_the_oldest_file_goes(tmp_path: Path) -> None:
    assert written(tmp_path, [b"%d--------\n" % number for number in range(9)]) == {
        "log.2": b"6--------\n",
        "log.1": b"7--------\n",
        "log": b"8--------\n",
    }


def test_a_line_longer_than_a_file_is_cut(tmp_path: Path) -> None:
    assert written(tmp_path, [b"x" * 25]) == {"log.2": b"x" * 10, "log.1": b"x" * 10, "log": b"x" * 5}


def test_with_nothing_to_keep_the_file_begins_anew(tmp_path: Path) -> None:
    assert written(tmp_path, [b"one\ntwo\n", b"three\n"], keep=0) == {"log": b"three\n"}


def test_a_log_that_exists_is_continued(tmp_path: Path) -> None:
    written(tmp_path, [b"one\n"])
    assert written(tmp_path, [b"two\n"]) == {"log": b"one\ntwo\n"}


def test_what_a_full_disk_does_not_take_is_counted_and_told(tmp_path: Path) -> None:
    log = RotatingLog(str(tmp_path / "log"), 1000, 1)
    with (tmp_path / "log").open("ab") as space, Path("/dev/full").open("ab") as full:
        os.dup2(full.fileno(), log.descriptor)
        log.write(b"lost\n")
        log.write(b"lost too\n")
        os.dup2(space.fileno(), log.descriptor)
    log.write(b"kept\n")
    log.close()
    assert files(tmp_path) == {"log": b"[14 bytes of output were lost: the disk was full]\nkept\n"}
