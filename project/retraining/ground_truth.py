"""Labels that came later, by the id of the request: JSON lines in the form that SageMaker merges with captured data.

`{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "..."}, "eventVersion": "0"}`, and of a request of
several rows a line of `data` for each. They lie on the function's disk while they are looked up: memory would bound their number.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence import Place, lines_of, stored

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class GroundTruth:
    """`unreadable` counts lines that hold no label."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "labels.sqlite")
        self._database.execute("CREATE TABLE labels (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID")
        self.unreadable = 0

    def load(self, s3: S3Client, place: Place, since: datetime, until: datetime) -> None:
        """All that were written between; of two labels of one request, the later one counts."""
        for item in sorted(stored(s3, place), key=lambda one: one.modified):
            if since <= item.modified <= until and item.key.endswith((".jsonl", ".json")):
                for line in lines_of(s3, place.bucket, item.key):
                    self._add(line)
        self._database.commit()

    def _add(self, line: dict[str, Any] | None) -> None:
        try:
            given = ((line or {})["eventMetadata"]["eventId"], str((line or {})["groundTruthData"]["data"]))
        except (KeyError, TypeError):
            self.unreadable += 1
        else:
            self._database.execute("INSERT OR REPLACE INTO labels VALUES (?, ?)", given)

    def labels_of(self, request_id: str) -> list[str] | None:
        """A label for each row of the request."""
        found = self._database.execute("SELECT data FROM labels WHERE id = ?", (request_id,)).fetchone()
        return None if found is None else str(found[0]).splitlines()

    @property
    def count(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM labels").fetchone()[0])

    def close(self) -> None:
        self._database.close()
