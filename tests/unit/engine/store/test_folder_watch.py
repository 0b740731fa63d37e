"""A folder is followed, whatever goes wrong on the way."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlsystem.engine.store.folder_watch import FolderWatch, Look

Follow = Callable[[Look], FolderWatch]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    """Follows the files "*.log" of the folder "watched"."""
    watches: list[FolderWatch] = []

    def make(look: Look) -> FolderWatch:
        watch = FolderWatch(
            "test", tmp_path / "watched", look, lambda path: path.endswith(".log"), 100, quiet_milliseconds=20
        )
        watches.append(watch)
        watch.start()
        return watch

    yield make
    for watch in watches:
        watch.stop()


def _write_until_told(path: Path, looks: queue.Queue[set[str] | None]) -> set[str]:
    """The kernel tells of nothing that happened before it was asked to watch, so it is written again and again."""
    for number in range(400):
        path.write_text(str(number))
        try:
            paths = looks.get(timeout=0.05)
        except queue.Empty:
            continue
        if paths is not None:
            return paths
    raise AssertionError(f"nobody was told of {path}")


def test_everything_is_looked_at_first_and_then_what_has_changed(follow: Follow, tmp_path: Path) -> None:
    looks: queue.Queue[set[str] | None] = queue.Queue()
    follow(looks.put)
    assert looks.get(timeout=20) is None
    (tmp_path / "watched" / "unwanted.txt").write_text("x")
    wanted = tmp_path / "watched" / "wanted.log"
    assert _write_until_told(wanted, looks) == {str(wanted)}


def test_a_look_that_fails_is_not_the_last_one(
    follow: Follow, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looks: queue.Queue[set[str] | None] = queue.Queue()

    def look(paths: set[str] | None) -> None:
        if paths is None:
            raise OSError("the disk is full")
        looks.put(paths)

    follow(look)
    wanted = tmp_path / "watched" / "wanted.log"
    assert _write_until_told(wanted, looks) == {str(wanted)}
    assert "the disk is full" in caplog.text


def test_a_folder_that_cannot_be_watched_is_looked_at_and_watched_when_it_can(
    follow: Follow, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looks: queue.Queue[set[str] | None] = queue.Queue()
    watched = tmp_path / "watched"
    count = 0

    def look(paths: set[str] | None) -> None:
        nonlocal count
        count += 1
        if count == 1:
            watched.rmdir()
        elif count == 2:
            watched.mkdir()
        looks.put(paths)

    follow(look)
    assert [looks.get(timeout=20), looks.get(timeout=20)] == [None, None]
    assert "cannot be watched" in caplog.text
    assert _write_until_told(watched / "wanted.log", looks) == {str(watched / "wanted.log")}
