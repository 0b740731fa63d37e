"""Folders whose files are uploaded while a job writes them: checkpoints, and outputs in the upload mode Continuous.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.runtime.program_files import paths_below
from mlsystem.engine.runtime.s3_files import OpenFile, S3Files, opened_below, own_folder

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
    try:
        for part in parts:
            for path in paths_below(own_folder(part.folder, work)):
                with opened_below(part.folder, path) as file:
                    if file is not None:
                        _upload_if_changed(part, path, file, known, files, is_last)
    finally:
        if known != before:
            aside = ledger.with_suffix(".new")
            aside.write_text(json.dumps(known))
            aside.rename(ledger)


def _upload_if_changed(
    part: ContinuousUpload, path: Path, file: OpenFile, known: dict[str, list[int]], files: S3Files, is_last: bool
) -> None:
    mark = [file.stat.st_mtime_ns, file.stat.st_size]
    if known.get(str(path)) == mark or (not is_last and time.time() - file.stat.st_mtime < _SETTLED_SECONDS):
        return
    files.upload(file, f"{part.uri.rstrip('/')}/{path.relative_to(part.folder).as_posix()}", part.kms_key)
    known[str(path)] = mark
