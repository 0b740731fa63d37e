"""The data folder is its owner's alone."""

from __future__ import annotations

import stat
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
