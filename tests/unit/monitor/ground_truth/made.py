"""Captures and ground truth as their files have them."""

import json
from collections.abc import Sequence
from pathlib import Path


def capture(event: str, output: str, inference_id: str | None = None, encoding: str = "CSV", **metadata: str) -> str:
    kind = "application/json" if encoding == "JSON" else "text/csv"
    body = {"observedContentType": kind, "mode": "OUTPUT", "data": output, "encoding": encoding}
    named = {"inferenceId": inference_id} if inference_id else {}
    return json.dumps(
        {
            "captureData": {"endpointInput": {**body, "mode": "INPUT", "data": "1,2"}, "endpointOutput": body},
            "eventMetadata": {"eventId": event, **named, **metadata, "inferenceTime": "2026-11-24T01:00:00Z"},
            "eventVersion": "0",
        },
        separators=(",", ":"),
    )


def truth(event: str, data: str, encoding: str = "CSV") -> str:
    return json.dumps(
        {
            "groundTruthData": {"data": data, "encoding": encoding},
            "eventMetadata": {"eventId": event},
            "eventVersion": "0",
        }
    )


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]))
    return path
