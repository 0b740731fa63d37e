"""The data folder of a system whose first execution has reached production, made once for all tests that begin there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.built_images import push_built
from tests.live import LiveEngine, eventually
from tests.system import System

TIME_SCALE = 60
# Names a folder for it, where several runs of tests share it.
FOLDER_VARIABLE = "MLSYSTEM_TEST_FINISHED"
# What is written once and then only read, or replaced whole: copies may share it.
SHARED = ("images", "objects")
LOG = "engine.log"


def shared_folder(own: Path) -> Path:
    """Where the finished system of several runs of tests lies, or `own` where there is none."""
    return Path(os.environ.get(FOLDER_VARIABLE, own))


def finished_folder(base: Path) -> Path:
    """The folder below `base`, which all test processes share; the first to ask makes it."""
    folder, done = base / "finished", base / "finished.done"
    with (base / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder)
            done.touch()
    return folder


def _make(folder: Path) -> None:
    live = LiveEngine(folder, time_scale=TIME_SCALE)
    try:
        live.start()
        system = System(live)
        system.deploy(push_built(live, "monitor"))
        system.to_production(system.upload())
    finally:
        live.stop()


@contextmanager
def system_on_copy(
    finished: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    time_scale: float = TIME_SCALE,
    prepare: Callable[[], None] = lambda: None,
) -> Iterator[System]:
    """A copy of the finished system, running; `environment` is the engine's, and `prepare` changes the copy before it runs.

    What it deployed answers again, which takes a moment longer than the engine's own start.
    """
    copy_state(finished, folder)
    prepare()
    live = LiveEngine(folder, time_scale=time_scale, environment=environment)
    try:
        live.start()
        system = System(live)
        url = system.api_url()
        eventually(lambda: system.ask(url).status == 200)
        yield system
    finally:
        live.stop()


def copy_state(origin: Path, target: Path) -> None:
    """A data folder that no engine runs on. What never changes in place is linked, all else copied."""
    shutil.copytree(origin, target, symlinks=True, ignore=lambda folder, names: _left_out(origin, Path(folder), names))
    for name in SHARED:
        shutil.copytree(origin / name, target / name, symlinks=True, copy_function=os.link)


def _left_out(origin: Path, folder: Path, names: list[str]) -> set[str]:
    """Sockets and pipes, which are no files; the log of the run before; what is linked instead."""
    special = {name for name in names if (folder / name).is_fifo() or (folder / name).is_socket()}
    return special | {LOG} | (set(SHARED) if folder == origin else set())
