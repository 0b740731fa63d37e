"""A folder is followed, whatever goes wrong on the way."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchfiles._rust_notify import RustNotify

from mlsystem.engine.store import folder_watch
from mlsystem.engine.store.folder_watch import FolderWatch, Look
from tests.live import eventually

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


def test_everything_is_looked_at_first_and_then_what_has_changed(follow: Follow, tmp_path: Path) -> None:
    looks: queue.Queue[set[str] | None] = queue.Queue()
    follow(looks.put)
    assert looks.get(timeout=30) is None
    (tmp_path / "watched" / "unwanted.txt").write_text("x")
    wanted = tmp_path / "watched" / "wanted.log"
    wanted.write_text("x")
    assert looks.get(timeout=30) == {str(wanted)}


def test_what_changes_during_the_first_look_is_told(follow: Follow, tmp_path: Path) -> None:
    looks: queue.Queue[set[str] | None] = queue.Queue()
    wanted = tmp_path / "watched" / "wanted.log"

    def look(paths: set[str] | None) -> None:
        looks.put(paths)
        if paths is None:
            wanted.write_text("x")

    follow(look)
    assert [looks.get(timeout=30), looks.get(timeout=30)] == [None, {str(wanted)}]


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
    eventually(lambda: "the disk is full" in caplog.text)
    wanted.write_text("x")
    assert looks.get(timeout=30) == {str(wanted)}


def test_a_folder_that_cannot_be_watched_is_looked_at_and_watched_when_it_can(
    follow: Follow, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel grants all programs of a person so many watches together."""
    looks: queue.Queue[set[str] | None] = queue.Queue()
    refusals = iter([OSError("no watch is left")])

    def granted(*arguments: Any) -> RustNotify:
        for refusal in refusals:
            raise refusal
        return RustNotify(*arguments)

    monkeypatch.setattr(folder_watch, "RustNotify", granted)
    follow(looks.put)
    assert [looks.get(timeout=30), looks.get(timeout=30)] == [None, None]
    assert "cannot be watched" in caplog.text
    wanted = tmp_path / "watched" / "wanted.log"
    wanted.write_text("x")
    assert looks.get(timeout=30) == {str(wanted)}
