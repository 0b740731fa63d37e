"""JSON lines that may not all be such lines: those that are not are set aside, and counted."""

import json
from collections.abc import Sequence
from pathlib import Path

from mlsystem.monitor.reading.lines import UnreadableRecordError, json_object, lines_of
from mlsystem.monitor.unreadable import UnreadableTally


def readable_lines(files: Sequence[Path], folder: Path, tally: UnreadableTally) -> list[Path]:
    """Copies, made in the folder, of the JSON objects in the files, where there are any. Other lines go to the tally."""
    copies = [_readable(file, folder / f"{place}.jsonl", tally) for place, file in enumerate(files)]
    return [copy for copy in copies if copy.stat().st_size]


def _readable(file: Path, copy: Path, tally: UnreadableTally) -> Path:
    with copy.open("wb") as kept:
        for line in lines_of([file]):
            try:
                # Written anew, as DuckDB refuses a key that occurs twice; half a surrogate pair has no bytes.
                kept.write(json.dumps(json_object(line.text), ensure_ascii=False).encode() + b"\n")
            except (UnreadableRecordError, UnicodeEncodeError, RecursionError) as error:
                tally.add(f"{line.place}: {error}", is_text=line.is_text)
    return copy
