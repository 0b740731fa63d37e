"""Records are whole or absent, and the lock says who is alive."""

import subprocess
import sys
from pathlib import Path

from mlsystem.engine.runtime.shim import record

HOLDER = """
import sys
from mlsystem.engine.runtime.shim import record
print(record.take_lock(sys.argv[1]) is not None, flush=True)
sys.stdin.read()
"""


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = str(tmp_path / "record")
    assert record.read(path) is None
    record.replace(path, {"a": 1})
    record.replace(path, {"a": "grün"})
    assert record.read(path) == {"a": "grün"}
    assert list(tmp_path.iterdir()) == [tmp_path / "record"]


def test_a_record_that_is_written_once_stays(tmp_path: Path) -> None:
    path = str(tmp_path / "record")
    assert record.write_once(path, {"a": 1})
    assert not record.write_once(path, {"a": 2})
    assert record.read(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [tmp_path / "record"]


def test_records_are_for_the_engines_user_alone(tmp_path: Path) -> None:
    record.replace(str(tmp_path / "record"), {"environment": {"AWS_SECRET_ACCESS_KEY": "x"}})
    assert (tmp_path / "record").stat().st_mode & 0o777 == 0o600


def test_a_lock_names_its_holder_keeps_others_out_and_falls_with_it(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    assert record.lock_holder(path) is None
    command = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert record.lock_holder(path) == holder.pid
        assert record.lock_holder(path) == holder.pid  # looking does not disturb
        assert record.take_lock(path) is None
        holder.kill()
        holder.wait()
    assert record.lock_holder(path) is None
