"""Captured requests of an endpoint with the labels that came later, row by row, the newest requests first.

A request is found by its inference id or, where the caller gave none, by the id of the event: so SageMaker merges ground truth too.
Requests of checks are nobody's traffic. What is no CSV of as many columns as the model has features is counted, and left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evidence import Place, lines_of, stored
from ground_truth import GroundTruth

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CHECK = "check-"  # begins the inference id of a check of a deployment
CSV = "CSV"


@dataclass(frozen=True)
class LabelledRow:
    """`id` is that of the request with the row's number."""

    id: str
    cells: list[str]
    label: str


@dataclass
class LabelledRequests:
    """Counts while it is iterated: requests, those that could not be read, rows with a label."""

    s3: S3Client
    place: Place
    width: int
    truth: GroundTruth
    captured: int = 0
    unreadable: int = 0

    def rows(self, since: datetime, until: datetime) -> Iterator[LabelledRow]:
        # Files lie by the hour in which they were written.
        after = f"{self.place.key}{since.strftime('%Y/%m/%d/%H')}"
        files = [item for item in stored(self.s3, self.place, after) if item.modified <= until]
        for item in reversed(files):
            for line in lines_of(self.s3, self.place.bucket, item.key):
                yield from self._rows_of(line)

    def _rows_of(self, line: dict[str, Any] | None) -> Iterator[LabelledRow]:
        try:
            metadata = (line or {})["eventMetadata"]
            request_id = metadata.get("inferenceId") or metadata["eventId"]
            given = (line or {})["captureData"]["endpointInput"]
            data = given["data"] if given["encoding"] == CSV else None
        except (KeyError, TypeError, AttributeError):
            self.unreadable += 1
            return
        if request_id.startswith(CHECK):
            return
        self.captured += 1
        labels = self.truth.labels_of(request_id)
        if labels is not None:
            yield from self._paired(request_id, data, labels)

    def _paired(self, request_id: str, data: str | None, labels: list[str]) -> Iterator[LabelledRow]:
        rows = [row for row in csv.reader((data or "").splitlines()) if row]
        if not rows or len(rows) != len(labels) or any(len(row) != self.width for row in rows):
            self.unreadable += 1
            return
        for number, (cells, label) in enumerate(zip(rows, labels, strict=True)):
            if label.strip():
                yield LabelledRow(f"{request_id}/{number}", cells, label.strip())
