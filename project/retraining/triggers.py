"""What came: the drift alarm, or a day on which it is still raised; the month, a person, or the news that an execution of the pipeline has
started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence import EvidenceError

DRIFT, LASTING, MONTHLY, BY_HAND = "drift", "lasting drift", "monthly", "by hand"
COMMIT, UPLOAD, ROLLBACK = "commit", "upload", "rollback"
ROLLBACKS = ("ManualRollback", "AutomatedRollback")


@dataclass(frozen=True)
class Trigger:
    """`id` is the same whenever the event is delivered again. `endpoint` is whose traffic has drifted."""

    kind: str
    id: str
    time: datetime
    endpoint: str = ""


def read_trigger(event: Mapping[str, Any], request_id: str, now: datetime) -> Trigger:
    """Raises EvidenceError for an event of another kind."""
    if event.get("source") == "aws.cloudwatch":
        [metric] = event["detail"]["configuration"]["metrics"]
        endpoint = str(metric["metricStat"]["metric"]["dimensions"]["MonitoringSchedule"])
        return Trigger(DRIFT, event["id"], read_time(event["time"]), endpoint)
    if event.get("Trigger") == MONTHLY:
        return Trigger(MONTHLY, event["Id"], read_time(event["Time"]))
    if event.get("Trigger") == LASTING and event.get("Endpoint"):
        return Trigger(LASTING, event["Id"], read_time(event["Time"]), str(event["Endpoint"]))
    if event.get("Trigger") == BY_HAND and event.get("Endpoint"):
        return Trigger(BY_HAND, request_id, now, str(event["Endpoint"]))
    raise EvidenceError(
        f"an event that is neither an alarm, nor the month, nor a person with an Endpoint: {dict(event)}"
    )


def read_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def cause_of(trigger: Mapping[str, str]) -> str:
    """Of an execution, as the event of its start tells: `execution-trigger` with its type and detail."""
    kind, detail = trigger.get("trigger-type", ""), trigger.get("trigger-detail", "")
    if kind in ROLLBACKS:
        return ROLLBACK
    if detail.endswith("-data"):
        return UPLOAD
    if detail.endswith("-commit") or kind in ("WebhookV2", "Webhook"):
        return COMMIT
    return BY_HAND
