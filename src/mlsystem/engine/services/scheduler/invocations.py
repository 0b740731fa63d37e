"""Invocations: a schedule's target is called. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.durable.machine import Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.event_target import MOST_ATTEMPTS, Delivery, deliver
from mlsystem.engine.services.scheduler.schedule import ScheduleMachine

log = logging.getLogger(__name__)


class Invocations(Part):
    """Each has an id that is the same when it is repeated, so that a pipeline or an execution starts once."""

    def __init__(self, house: House, machine: ScheduleMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"scheduler.invoke": self._invoke}

    def _invoke(self, call: ActionCall) -> None:
        target, due = call.data["target"], call.data["due"]
        invocation = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.data['schedule']}@{due}"))
        payload = self._payload(call.data, invocation, call.attempt)
        delivery = Delivery(target["Arn"], payload, invocation, due, call.data["schedule"], target["RoleArn"])
        most = target.get("RetryPolicy", {}).get("MaximumRetryAttempts", MOST_ATTEMPTS)
        try:
            deliver(self._house, delivery, "scheduler", call.attempt, most)
        except ActionFailed as failure:
            # Nobody waits for it: AWS drops it too, where there is no dead-letter queue.
            log.warning("%s did not reach %s: %s", call.data["schedule"], target["Arn"], failure.reason)

    def _payload(self, data: Json, invocation: str, attempt: int) -> str:
        time = datetime.fromtimestamp(data["due"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if "Input" not in data["target"]:
            return json.dumps(self._event(data["schedule"], invocation, time))
        context = {
            "<aws.scheduler.schedule-arn>": data["schedule"],
            "<aws.scheduler.scheduled-time>": time,
            "<aws.scheduler.execution-id>": invocation,
            "<aws.scheduler.attempt-number>": str(attempt),
        }
        text = str(data["target"]["Input"])
        for name, value in context.items():
            text = text.replace(name, value)
        return text

    def _event(self, schedule: str, invocation: str, time: str) -> dict[str, object]:
        """What a target is given that was given no input."""
        return {
            "version": "0",
            "id": invocation,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": self._house.scope.account,
            "time": time,
            "region": self._house.scope.region,
            "resources": [schedule],
            "detail": "{}",
        }
