"""An asynchronous invocation, as a row: kept until it is done, tried again when it fails.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from mlsystem.engine.durable.machine import Action, Event, SetTimer, Step
from mlsystem.engine.store.records import Record

INVOKE_EVENT = "lambda.invoke_event"
# After the first failure Lambda waits a minute, after the second two.
RETRY_MINUTES = 60.0
# What throttles or cannot be reached is tried again sooner, and then ever later.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0


class Waiting(StrEnum):
    INVOKING = "Invoking"
    PAUSING = "Pausing"  # until its timer


class AsyncInvocation(Record):
    """`key` is the request id, `parent` the function; `payload` is base64."""

    kind: ClassVar[str] = "lambda.async_invocation"
    target: str
    payload: str
    client_context: str | None = None
    retries: int
    expires_at: float
    failures: int = 0
    refusals: int = 0


class AsyncInvocationMachine:
    """`succeeded`, `failed` (the function raised), `refused` (it was not run) and the timer."""

    model = AsyncInvocation

    def begin(self, record: AsyncInvocation) -> Step[AsyncInvocation]:
        """The request keeps its id over all its attempts; an attempt has a key of its own."""
        attempt = f"{record.key}" if record.failures == 0 else f"{record.key}.{record.failures}"
        return Step(record.changed(state=Waiting.INVOKING), actions=(self._action(record, attempt),))

    def advance(self, record: AsyncInvocation, event: Event, at: float) -> Step[AsyncInvocation]:
        match event.name:
            case "timer":
                return self.begin(record)
            case "succeeded":
                return Step(None)
            case "failed":
                failures = record.failures + 1
                if failures > record.retries:
                    return Step(None)
                return self._pause(record.changed(failures=failures), RETRY_MINUTES * failures, at)
            case "refused" | "action_failed":
                pause = min(FIRST_PAUSE_SECONDS * 2**record.refusals, LONGEST_PAUSE_SECONDS)
                return self._pause(record.changed(refusals=record.refusals + 1), pause, at)
            case _:
                return Step(record)

    def _pause(self, record: AsyncInvocation, seconds: float, at: float) -> Step[AsyncInvocation]:
        if at > record.expires_at:
            return Step(None)
        return Step(record.changed(state=Waiting.PAUSING), timers=(SetTimer("retry", after_seconds=seconds),))

    def _action(self, record: AsyncInvocation, attempt: str) -> Action:
        return Action(INVOKE_EVENT, key=attempt)
