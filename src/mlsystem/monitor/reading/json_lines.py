"""JSON lines that may not all be such lines: those that are not are set aside, and counted."""

import json
from collections.abc import Sequence
from pathlib import Path

from mlsystem.monitor.unreadable import UnreadableTally


def readable_lines(files: Sequence[Path], folder: Path, tally: UnreadableTally) -> list[Path]:
    """Copies, made in the folder, of the JSON objects in the files, where there are any. Other lines go to the tally."""
    copies = [_readable(file, folder / f"{place}.jsonl", tally) for place, file in enumerate(files)]
    return [copy for copy in copies if copy.stat().st_size]


def _readable(file: Path, copy: Path, tally: UnreadableTally) -> Path:
    with file.open("rb") as lines, copy.open("wb") as kept:
        for number, line in enumerate(lines, start=1):
            fault = _fault(line)
            if fault is None:
                kept.write(line)
            elif line.strip():
                tally.add(f"{file}:{number}: {fault}")
    return copy


def _fault(line: bytes) -> str | None:
    try:
        value = json.loads(line.decode())
    except ValueError as error:  # JSON's and UTF-8's
        return f"not a line of JSON: {error}"
    return None if isinstance(value, dict) else "not a JSON object"
