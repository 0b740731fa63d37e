"""A power cut at any sync of the engine: what was acknowledged before is there. With MLSYSTEM_CHAOS=1 at each of them, else at some."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsystem.engine.shutdown import shut_down
from tests.chaos.replay import Call, Disk, calls, cuts, thinned, tracer
from tests.killpoints import IS_CHAOS
from tests.live import LiveEngine

CUTS = 6
BUCKET = "objects"
BODIES = (b"", b"a", b"b" * 1000, b"c" * 100_000)


def test_a_power_cut_at_any_sync_loses_nothing_that_was_acknowledged(
    tmp_path: Path, need_tool: Callable[[str], str]
) -> None:
    need_tool("strace")
    origin, trace = tmp_path / "o", tmp_path / "trace"
    live = LiveEngine(origin)
    live.start()
    live.client("s3").create_bucket(Bucket=BUCKET)
    live.stop()
    traced = LiveEngine(_copy(origin, tmp_path / "t"), port=live.port, within=tracer(trace))
    disk = Disk(traced.folder)
    acknowledged = _recorded(traced)
    found = [cut for cut in cuts(disk, trace.read_text()) if cut.moment >= acknowledged[0][0]]
    # An object has at least the sync of its body, of the folder that names it, and of its commit.
    assert len(found) > 3 * 3 * len(acknowledged) / 2
    assert any(moment < found[-1].moment for moment, _ in acknowledged)
    for number, cut in enumerate(found if IS_CHAOS else thinned(found, CUTS)):
        again = LiveEngine(_copy(origin, tmp_path / f"c{number}"), port=live.port)
        _write(again.folder, cut.files)
        again.start()
        objects = _objects(again)
        again.stop()
        allowed = _allowed(acknowledged, cut.moment)
        assert objects in allowed, f"cut {number} ({cut.how}): {_sizes(objects)}, not {list(map(_sizes, allowed))}"
        shutil.rmtree(again.folder)


def _recorded(live: LiveEngine) -> list[tuple[float, dict[str, bytes]]]:
    """What is acknowledged at which moment: all objects, after each change."""
    live.start()
    s3 = live.client("s3")
    now: dict[str, bytes] = {}
    acknowledged = [(time.time(), dict(now))]
    for number in range(12):
        key = f"k{number % 5}"
        if number % 4 == 3:
            s3.delete_object(Bucket=BUCKET, Key=key)
            now.pop(key, None)
        else:
            now[key] = BODIES[number % len(BODIES)] + str(number).encode()
            s3.put_object(Bucket=BUCKET, Key=key, Body=now[key])
        acknowledged.append((time.time(), dict(now)))
    os.kill(int((live.folder / "engine.lock").read_text()), signal.SIGKILL)
    shut_down(live.folder)  # what the tracer still follows
    live.await_death()
    return acknowledged


def _allowed(acknowledged: list[tuple[float, dict[str, bytes]]], moment: float) -> list[dict[str, bytes]]:
    """What was acknowledged last before, or the change that was under way."""
    last = max(place for place, (when, _) in enumerate(acknowledged) if when <= moment or place == 0)
    return [state for _, state in acknowledged[last : last + 2]]


def _objects(live: LiveEngine) -> dict[str, bytes]:
    s3 = live.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _sizes(objects: dict[str, bytes]) -> dict[str, int]:
    return {key: len(body) for key, body in objects.items()}


def _copy(origin: Path, target: Path) -> Path:
    shutil.copytree(origin, target, symlinks=True, ignore=_sockets)
    return target


def _sockets(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if (Path(folder) / name).is_socket() or (Path(folder) / name).is_fifo()}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


TRACE = r"""
1 10.1 openat(AT_FDCWD</d>, "\x2f\x64\x2f\x69\x6e\x63\x6f\x6d\x69\x6e\x67\x2f\x61", O_WRONLY|O_CREAT, 0666) = 9<\x2f\x64>
1 10.2 write(9</d/incoming/a>, "\x61\x62\x63\x64", 4) = 4
2 10.3 fsync(9</d/incoming/a> <unfinished ...>
1 10.4 write(9</d/incoming/a>, "\x65\x66", 2) = 2
2 10.5 <... fsync resumed>) = 0
1 10.6 rename("\x2f\x64\x2f\x69\x6e\x63\x6f\x6d\x69\x6e\x67\x2f\x61", "\x2f\x64\x2f\x6f\x62\x6a\x65\x63\x74\x73\x2f\x61") = 0
1 10.7 pwrite64(7</d/state.db-wal>, "\x7a", 1, 3) = -1 ENOSPC (No space left on device)
1 10.8 write(9</d/objects/a>, "\x67\x68", 2) = 2
1 10.9 fsync(8</d/objects>) = 0
"""


def test_what_was_not_synced_is_not_counted_on() -> None:
    disk = Disk(Path("/d"))
    found = list(calls(TRACE))
    assert [call.name for call in found] == ["openat", "write", "write", "fsync", "rename", "write", "fsync"]
    assert found[1] == Call(10.2, "write", ("/d/incoming/a",), b"abcd", (4,))
    assert [disk.apply(call) for call in found[:-1]] == [False, False, False, True, False, False]
    # Its folder was not synced yet: nobody finds it.
    assert (disk.left("synced"), disk.left("all")) == ({}, {"objects/a": b"abcdefgh"})
    assert disk.apply(found[-1])
    assert disk.left("synced") == {"objects/a": b"abcdef"}
    assert disk.left("torn") == {"objects/a": b"abcdefg"}


@pytest.mark.parametrize("count", [3, 8])
def test_some_cuts_are_of_all_kinds(count: int) -> None:
    found = [cut for cut in cuts(Disk(Path("/d")), TRACE) for _ in range(5)]
    assert {cut.how for cut in thinned(found, count)} == {"all", "synced", "torn"}
