"""The lines of capture, ground truth and merged files: what each holds, or why it cannot be read."""

from mlsystem.monitor.reading.lines import Json, UnreadableRecordError, captured, json_object

# A shadow variant answers nobody; its captures say so in eventMetadata.invocationSource.
_SHADOW = "ShadowExperiment"


def capture_id(record: Json) -> str:
    """The id by which a capture is merged: the caller's inferenceId, else eventId. Raises UnreadableRecordError."""
    found = _text(record, "inferenceId") or _text(record, "eventId")
    if not found:
        raise UnreadableRecordError("the capture has neither an inferenceId nor an eventId")
    return found


def is_shadow(record: Json) -> bool:
    """Whether the capture is of a shadow variant."""
    return _text(record, "invocationSource") == _SHADOW


def merged(text: bytes) -> Json:
    """A line of a merged file: a capture with its groundTruthData. Raises UnreadableRecordError."""
    record = captured(text)
    _require_truth(record)
    return record


def ground_truth(text: bytes) -> tuple[str, Json]:
    """A line of a ground-truth file: its id, and its groundTruthData. Raises UnreadableRecordError."""
    record = json_object(text)
    found = _text(record, "eventId")
    if not found:
        raise UnreadableRecordError("the ground truth has no eventId")
    return found, _require_truth(record)


def _require_truth(record: Json) -> Json:
    truth = record.get("groundTruthData")
    if not isinstance(truth, dict) or not isinstance(truth.get("data"), str):
        raise UnreadableRecordError("no ground truth: groundTruthData must be an object whose data is a string")
    return truth


def _text(record: Json, key: str) -> str | None:
    metadata = record.get("eventMetadata")
    found = metadata.get(key) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None
