"""What an execution found of the model itself, by what turned out later: its `quality.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.stored_file import FinalDocuments

QUALITY = "quality.json"


@dataclass(frozen=True)
class MetricVerdict:
    """`operator` says when the threshold is violated."""

    name: str
    verdict: str
    reason: str
    value: float | None
    threshold: float | None
    operator: str
    rows: int | None


@dataclass(frozen=True)
class QualityFindings:
    """`merged`: requests whose truth is known; `waiting`: those that wait for it. None where the job did not merge."""

    verdict: str
    summary: str
    problem_type: str
    rows: int
    metrics: tuple[MetricVerdict, ...]
    merged: int | None
    waiting: int | None
    truths_without_request: int | None


def read_quality(connection: Connection, documents: FinalDocuments, folder: str) -> QualityFindings:
    """Raises NotFound, ClientFailure."""
    told = documents.read(connection, f"{folder}/{QUALITY}")
    try:
        return quality(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClientFailure(f"{folder}/{QUALITY} cannot be read: {error!r}") from error


def quality(told: Mapping[str, Any]) -> QualityFindings:
    """Of the document. Pure."""
    merge = told.get("merge", {})
    return QualityFindings(
        verdict=told["verdict"],
        summary=told["summary"],
        problem_type=told.get("problem_type", ""),
        rows=int(told.get("rows", 0)),
        metrics=tuple(_metric(one) for one in told["metrics"]),
        merged=merge.get("merged"),
        waiting=merge.get("captures_without_ground_truth"),
        truths_without_request=merge.get("ground_truths_without_capture"),
    )


def _metric(told: Mapping[str, Any]) -> MetricVerdict:
    return MetricVerdict(
        name=told["metric_name"],
        verdict=told["verdict"],
        reason=told.get("reason", ""),
        value=told.get("value"),
        threshold=told.get("threshold"),
        operator=told.get("comparison_operator", ""),
        rows=told.get("rows"),
    )
