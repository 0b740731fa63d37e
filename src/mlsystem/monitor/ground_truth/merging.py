"""Captures and ground truth merged by id, as the original's merge container did it.

Ground truth may come for captures of earlier hours, and captures may wait for theirs: whatever finds no partner is
counted, and is no error. Captures are read twice, first for their ids; neither they nor ground truth are kept in memory.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlsystem.monitor.ground_truth.label_index import LabelIndex, label_index
from mlsystem.monitor.ground_truth.records import capture_id, ground_truth, is_shadow
from mlsystem.monitor.reading.lines import Json, Line, UnreadableRecordError, captured, lines_of
from mlsystem.monitor.unreadable import UnreadableTally


@dataclass
class MergeCounts:
    """What became of the records that could be read. Final once all merged records were taken."""

    captures: int = 0  # without those of shadow variants
    merged: int = 0
    captures_without_ground_truth: int = 0
    repeated_captures: int = 0  # the last one of an id was taken
    shadow_captures: int = 0  # left out
    ground_truths: int = 0
    ground_truths_without_capture: int = 0
    repeated_ground_truths: int = 0  # the last one of an id was taken


@dataclass(frozen=True)
class MergedRecord:
    """One capture with its ground truth, and where the capture stands."""

    line: Line
    record: Json


class Merge:
    """Takes the captures of files in the order in which they stand."""

    def __init__(self, captures: Sequence[Path], truths: Sequence[Path], tally: UnreadableTally) -> None:
        self._captures, self._truths, self._tally = captures, truths, tally
        self.counts = MergeCounts()

    def records(self) -> Iterator[MergedRecord]:
        """The captures that have ground truth. May be taken once."""
        with tempfile.TemporaryDirectory(prefix="merge-") as folder, label_index(Path(folder) / "ids.db") as index:
            counts = self.counts
            counts.ground_truths = index.add_truths(self._read_truths())
            counts.repeated_ground_truths = counts.ground_truths - index.count_truths()
            counts.captures = index.add_captures(self._read_captures())
            counts.repeated_captures = counts.captures - index.count_captures()
            yield from self._match(index)
            counts.captures_without_ground_truth = index.count_captures() - counts.merged
            counts.ground_truths_without_capture = index.count_truths() - counts.merged

    def _match(self, index: LabelIndex) -> Iterator[MergedRecord]:
        lines = enumerate(lines_of(self._captures))
        for wanted, truth in index.matches():
            line = next(line for place, line in lines if place == wanted)
            self.counts.merged += 1
            yield MergedRecord(line, _merged(captured(line.text), truth))

    def _read_truths(self) -> Iterator[tuple[str, Json]]:
        for line in lines_of(self._truths):
            try:
                yield ground_truth(line.text)
            except UnreadableRecordError as error:
                self._tally.add(f"{line.place}: {error}")

    def _read_captures(self) -> Iterator[tuple[str, int]]:
        for place, line in enumerate(lines_of(self._captures)):
            try:
                record = captured(line.text)
                if is_shadow(record):
                    self.counts.shadow_captures += 1
                else:
                    yield capture_id(record), place
            except UnreadableRecordError as error:
                self._tally.add(f"{line.place}: {error}")


def _merged(record: Json, truth: Json) -> dict[str, object]:
    """The capture's own members in their order, with groundTruthData after captureData."""
    others = {name: value for name, value in record.items() if name not in ("captureData", "groundTruthData")}
    return {"captureData": record["captureData"], "groundTruthData": truth, **others}


def write_merged(merge: Merge, root: Path, output: Path) -> None:
    """Writes the merged records: each file where its captures stand below `root`, so that hours stay apart.

    Raises OSError.
    """
    path, file = None, None
    try:
        for found in merge.records():
            target = output / _below(found.line.file, root)
            if target != path:
                if file:
                    file.close()
                target.parent.mkdir(parents=True, exist_ok=True)
                path, file = target, target.open("w", encoding="ascii")
            if file:
                file.write(json.dumps(found.record, separators=(",", ":")) + "\n")
    finally:
        if file:
            file.close()


def _below(file: Path, root: Path) -> Path:
    return file.relative_to(root) if file.is_relative_to(root) and file != root else Path(file.name)
