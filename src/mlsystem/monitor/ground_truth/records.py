"""The lines of capture, ground truth and merged files: what each holds, or why it cannot be read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Json = Mapping[str, object]

# A shadow variant answers nobody; its captures say so in eventMetadata.invocationSource.
_SHADOW = "ShadowExperiment"


class UnreadableLineError(ValueError):
    """A line that is no record of its kind; the text says why."""


@dataclass(frozen=True)
class Line:
    """One line that is not empty: where it stands, and its text."""

    file: Path
    number: int  # from 1
    text: bytes

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.file}:{self.number}"


def lines_of(files: Sequence[Path]) -> Iterator[Line]:
    """The lines of all files, in their order."""
    for file in files:
        with file.open("rb") as lines:
            for number, text in enumerate(lines, start=1):
                if text.strip():
                    yield Line(file, number, text)


def capture(text: bytes) -> Json:
    """A line of a capture file. Raises UnreadableLineError."""
    record = _parse(text)
    if not isinstance(record.get("captureData"), dict):
        raise UnreadableLineError("not a captured invocation: it has no captureData")
    return record


def capture_id(record: Json) -> str:
    """The id by which a capture is merged: the caller's inferenceId, else eventId. Raises UnreadableLineError."""
    found = _text(record, "inferenceId") or _text(record, "eventId")
    if not found:
        raise UnreadableLineError("the capture has neither an inferenceId nor an eventId")
    return found


def is_shadow(record: Json) -> bool:
    """Whether the capture is of a shadow variant."""
    return _text(record, "invocationSource") == _SHADOW


def merged(text: bytes) -> Json:
    """A line of a merged file: a capture with its groundTruthData. Raises UnreadableLineError."""
    record = capture(text)
    _require_truth(record)
    return record


def ground_truth(text: bytes) -> tuple[str, Json]:
    """A line of a ground-truth file: its id, and its groundTruthData. Raises UnreadableLineError."""
    record = _parse(text)
    found = _text(record, "eventId")
    if not found:
        raise UnreadableLineError("the ground truth has no eventId")
    return found, _require_truth(record)


def _require_truth(record: Json) -> Json:
    truth = record.get("groundTruthData")
    if not isinstance(truth, dict) or not isinstance(truth.get("data"), str):
        raise UnreadableLineError("no ground truth: groundTruthData must be an object whose data is a string")
    return truth


def _parse(text: bytes) -> Json:
    try:
        record = json.loads(text.decode())
    except (ValueError, RecursionError) as error:  # JSON's and UTF-8's
        raise UnreadableLineError(f"not a line of JSON: {error}") from error
    if not isinstance(record, dict):
        raise UnreadableLineError("not a JSON object")
    return record


def _text(record: Json, key: str) -> str | None:
    metadata = record.get("eventMetadata")
    found = metadata.get(key) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None
