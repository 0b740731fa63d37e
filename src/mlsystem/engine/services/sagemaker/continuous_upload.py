"""Folders whose files are uploaded while a job writes them: checkpoints, and outputs in the upload mode Continuous.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.runtime.s3_files import S3Files

# A file that was written a moment ago may not be whole.
_SETTLED_SECONDS = 1.0
_LEDGER = "uploaded.json"


@dataclass(frozen=True)
class ContinuousUpload:
    folder: Path
    uri: str
    kms_key: str | None = None


def upload_changed(parts: Sequence[ContinuousUpload], work: Path, files: S3Files, is_last: bool) -> None:
    """Every file that is new or changed since the last time; without `is_last` those alone that are settled.

    What was uploaded is noted in `work`: after a crash in between a file is uploaded once more, which changes nothing.
    """
    ledger = work / _LEDGER
    known: dict[str, list[int]] = json.loads(ledger.read_text()) if ledger.exists() else {}
    before = dict(known)
    for part in parts:
        for path in _files(part.folder):
            try:
                stat = path.stat()
            except FileNotFoundError:  # the program has removed it meanwhile
                continue
            mark = [stat.st_mtime_ns, stat.st_size]
            if known.get(str(path)) == mark or (not is_last and time.time() - stat.st_mtime < _SETTLED_SECONDS):
                continue
            files.upload(path, f"{part.uri.rstrip('/')}/{path.relative_to(part.folder).as_posix()}", part.kms_key)
            known[str(path)] = mark
    if known != before:
        aside = ledger.with_suffix(".new")
        aside.write_text(json.dumps(known))
        aside.rename(ledger)


def _files(folder: Path) -> Iterator[Path]:
    """Links that lead out of the folder are left."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path
