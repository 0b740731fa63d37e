"""Data folders as earlier releases wrote them: the database as SQL, and the files beside it.

That of schema 1 was written by the first version that ran a whole pipeline: an execution that waits for approval, a state machine that
rests, encrypted objects in two versions, a function, a secret, a repository, an alarm.
"""

from __future__ import annotations

import re
import sqlite3
import time
import zipfile
from contextlib import closing
from pathlib import Path

from mlsystem.engine.store.folder import DataFolder

FOLDER = Path(__file__).parent / "states"
VERSIONS = tuple(sorted(int(re.sub(r"\D", "", path.stem)) for path in FOLDER.glob("schema_*.sql")))


def make_earlier(version: int, root: Path, left_days_ago: float = 0.0) -> DataFolder:
    """The folder of a version as if its engine had ended just now, or some days ago: what is due is moved, and what counts by its age."""
    folder = DataFolder(root)
    folder.prepare()
    with zipfile.ZipFile(FOLDER / f"schema_{version}.zip") as archive:
        archive.extractall(root)
    with closing(sqlite3.connect(folder.database)) as database:
        database.executescript((FOLDER / f"schema_{version}.sql").read_text())
        (left,) = database.execute("SELECT max(updated_at) FROM records").fetchone()
        later = time.time() - left_days_ago * 86400 - left
        database.execute("UPDATE timers SET due_at = due_at + ?", (later,))
        database.execute("UPDATE metric_points SET at = at + ?", (later,))
        database.commit()
    return folder
