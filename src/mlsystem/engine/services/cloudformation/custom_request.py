"""One request to the provider of a custom resource, as a record: sent until the provider has it, then waited for.

The first answer counts, and it counts for ever; with it the stack that waits is told, in the same transaction.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from mlsystem.engine.decide.template.custom_resource import Answer, unanswered
from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer, Step
from mlsystem.engine.store.records import Record

SEND = "cloudformation.send_custom_request"
ANSWERED = "cloudformation.custom_resource.answered"
TIMER = "service_timeout"


class Progress(StrEnum):
    PENDING = "Pending"  # the provider has it, or is about to
    ANSWERED = "Answered"
    UNANSWERED = "Unanswered"  # its time is over
    UNDELIVERED = "Undelivered"  # there is no such provider, or it refused


class CustomRequest(Record):
    """`key` is the RequestId, `parent` the stack's id; `document` is what the provider gets."""

    kind: ClassVar[str] = "cloudformation.custom_request"
    service_token: str
    # The ARN of who asks.
    principal: str
    seconds: int
    document: dict[str, Any]
    answer: Answer | None = None


class CustomRequestMachine:
    """`answered`, the timer, and the end of sending where that was in vain."""

    model = CustomRequest

    def begin(self, record: CustomRequest) -> Step[CustomRequest]:
        """Send it, and give the provider its time; also for a request that was sent before a crash of the engine."""
        return Step(
            record.changed(state=Progress.PENDING),
            actions=(Action(SEND, key=record.key),),
            timers=(SetTimer(TIMER, after_seconds=record.seconds),),
        )

    def advance(self, record: CustomRequest, event: Event, at: float) -> Step[CustomRequest]:
        if record.state != Progress.PENDING:
            return Step(record)
        match event.name:
            case "answered":
                return self._end(record, Progress.ANSWERED, Answer.model_validate(event.data["answer"]))
            case "timer":
                return self._end(record, Progress.UNANSWERED, unanswered(record.document))
            case "action_failed":
                reason = f"{event.data['reason']} (RequestId: {record.key})"
                return self._end(record, Progress.UNDELIVERED, Answer(succeeded=False, reason=reason))
            case _:
                return Step(record)

    def _end(self, record: CustomRequest, progress: Progress, answer: Answer) -> Step[CustomRequest]:
        return Step(
            record.changed(state=progress, answer=answer),
            timers=(CancelTimer(TIMER),),
            notices=(Notice(ANSWERED, {"request": record.key}),),
        )
