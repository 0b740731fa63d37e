"""The data folder is its owner's alone."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from pathlib import Path

from tests.live import LiveEngine


def test_nobody_else_reads_the_data_folder_or_its_keys(tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    folder.chmod(0o755)
    engine = LiveEngine(folder)
    try:
        engine.start()
        engine.client("s3").create_bucket(Bucket="mine")
    finally:
        engine.stop()
    for name, mode in ((".", 0o700), ("credentials.json", 0o600), ("audit.key", 0o600), ("audit.jsonl", 0o600)):
        assert stat.S_IMODE((folder / name).stat().st_mode) == mode, name


def test_an_engine_that_cannot_start_ends_with_its_status_where_its_last_words_go_to_the_full_disk(
    tmp_path: Path,
) -> None:
    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    words = tmp_path / "words"
    with words.open("wb") as errors:
        command = [sys.executable, "-m", "mlsystem.engine", str(tmp_path / "engine"), "--port", "0"]
        ended = subprocess.run(command, stderr=errors, preexec_fn=fill, check=False)
    assert (ended.returncode, words.read_bytes()) == (3, b"m"), "one byte had room"
