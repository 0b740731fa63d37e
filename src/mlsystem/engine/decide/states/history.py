"""The history of an execution, in the names and shapes of GetExecutionHistory.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html. Each event names the one that
led to it: branches and iterations are chains that begin where their Parallel or Map state started them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mlsystem.engine.decide.states.documents import Json, compact

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: the largest history of a standard workflow.
MOST_EVENTS = 25_000


@dataclass(frozen=True)
class HistoryEvent:
    """One event. `details` has one member, named as the API names it ("stateEnteredEventDetails"), or none."""

    id: int
    previous_event_id: int
    type: str
    at: float
    details: Mapping[str, Json]

    def response(self) -> dict[str, Json]:
        """As GetExecutionHistory answers."""
        return {
            "timestamp": datetime.fromtimestamp(self.at, UTC),
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous_event_id,
            **self.details,
        }


def data(name: str, value: Json) -> dict[str, Json]:
    """A member that holds a JSON text, with AWS's word on whether it was cut (never: 256 KiB fit)."""
    return {name: compact(value), f"{name}Details": {"truncated": False}}


@dataclass(frozen=True)
class ResourceKind:
    """How the work of a Task is told in the history: by the family of its events and what identifies the resource."""

    family: str
    service: str = ""
    action: str = ""

    @property
    def is_named(self) -> bool:
        """Whether events name service and action; Lambda's and activities' own events do not."""
        return self.family == "Task"

    @property
    def names(self) -> dict[str, Json]:
        return {"resourceType": self.service, "resource": self.action} if self.is_named else {}

    @property
    def gives_token(self) -> bool:
        """Whether the context object has the task's token (measured on AWS: for these two patterns)."""
        return self.action.endswith((".waitForTaskToken", ".sync", ".sync:2"))


def resource_kind(resource: str) -> ResourceKind:
    """`arn:aws:states:::sagemaker:createTrainingJob.sync` is the action createTrainingJob.sync of sagemaker.

    A function's or an activity's ARN has events of its own family.
    """
    fields = resource.split(":", 5)
    service, rest = (fields[2], fields[5]) if len(fields) == 6 else ("", resource)
    if service == "lambda":
        return ResourceKind("LambdaFunction")
    if service == "states" and rest.startswith("activity:"):
        return ResourceKind("Activity")
    # A pattern may hold a colon too: `startExecution.sync:2`.
    pattern = rest.find(".")
    head, tail = (rest, "") if pattern < 0 else (rest[:pattern], rest[pattern:])
    prefix, _, action = head.rpartition(":")
    return ResourceKind("Task", prefix or service, action + tail)
