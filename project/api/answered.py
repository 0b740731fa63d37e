"""The numbers of an answer, as the API function without an image sees it: with no schema that names the classes."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Sequence

CLASS_NUMBERS = 1000


def answered_numbers(body: str, content_type: str) -> tuple[list[float], list[float]]:
    """Predictions and, of a multiclass model, confidences; nothing of an answer in a form that is not known here."""
    try:
        if content_type.partition(";")[0].strip().lower() == "application/json":
            content = json.loads(body)
            probabilities = content.get("probabilities", [])
            return _numbers(content["predictions"]), [float(one) for one in probabilities]
        rows = [row for row in csv.reader(body.splitlines()) if row]
        return _numbers([row[0] for row in rows]), [float(row[1]) for row in rows if len(row) > 1]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [], []


def _numbers(cells: Sequence[object]) -> list[float]:
    return [_number(str(cell)) for cell in cells]


def _number(cell: str) -> float:
    """A class that is no number gets one from its name, the same in every version."""
    try:
        return float(cell)
    except ValueError:
        return float(zlib.crc32(cell.encode()) % CLASS_NUMBERS)
