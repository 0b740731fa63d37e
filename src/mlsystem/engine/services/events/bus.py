"""The default event bus: takes events from other rooms and from PutEvents, and finds the rules that they match."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.pattern import TransformFailed, read_pattern
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.events.deliveries import begin_delivery
from mlsystem.engine.services.events.rule import BUS, Rule, instant, refuse_other_bus, target_input
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_events.type_defs import (
        DescribeEventBusRequestTypeDef,
        ListEventBusesRequestTypeDef,
        PutEventsRequestEntryTypeDef,
        PutEventsRequestTypeDef,
        TestEventPatternRequestTypeDef,
    )

log = logging.getLogger(__name__)


class Bus(Part):
    """Routes events. What a rule's targets are given is decided at once, in the transaction that took the event."""

    def __init__(self, house: House):
        self._house = house

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"aws.event": self._on_event, "events.rule.due": self._on_due}

    def _on_event(self, tx: Transaction, topic: str, data: Json) -> None:
        self._route(tx, self._envelope(tx, data))

    def _on_due(self, tx: Transaction, topic: str, data: Json) -> None:
        rule = tx.get(Rule, data["rule"])
        if rule is not None:
            event = {"source": "aws.events", "detail-type": "Scheduled Event", "resources": [rule.arn], "detail": {}}
            self._tell(tx, rule, self._envelope(tx, event))

    def _envelope(self, tx: Transaction, data: Json) -> dict[str, Any]:
        """https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html"""
        return {
            "version": "0",
            "id": data.get("id") or str(uuid.uuid4()),
            "detail-type": data["detail-type"],
            "source": data["source"],
            "account": self._house.scope.account,
            "time": data.get("time") or instant(tx.now),
            "region": self._house.scope.region,
            "resources": list(data.get("resources", ())),
            "detail": data.get("detail", {}),
        }

    def _route(self, tx: Transaction, event: Mapping[str, Any]) -> None:
        for rule in tx.all(Rule):
            if rule.matches(event):
                self._tell(tx, rule, event)

    def _tell(self, tx: Transaction, rule: Rule, event: Mapping[str, Any]) -> None:
        for target in rule.targets.values():
            try:
                payload = target_input(rule, target, event, tx.now)
            except TransformFailed as failure:
                log.warning("rule %s, target %s, event %s: %s", rule.key, target["Id"], event["id"], failure)
                continue
            begin_delivery(self._house, tx, rule, target, str(event["id"]), payload)

    # ------------------------------------------------------------------ operations
    @operation("PutEvents", accepts="Entries")
    def put_events(self, request: PutEventsRequestTypeDef, call: Call) -> Mapping[str, object]:
        entries = [self._put(call.tx, entry) for entry in request["Entries"]]
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}

    def _put(self, tx: Transaction, entry: PutEventsRequestEntryTypeDef) -> dict[str, str]:
        try:
            detail = _checked(entry)
        except AwsError as error:
            return {"ErrorCode": error.code, "ErrorMessage": error.message}
        time = entry.get("Time")
        event = self._envelope(
            tx,
            {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "resources": entry.get("Resources", ()),
                "time": instant(time.timestamp()) if time is not None and not isinstance(time, str) else None,
                "detail": detail,
            },
        )
        self._route(tx, event)
        return {"EventId": event["id"]}

    @operation("TestEventPattern", accepts="EventPattern Event", mode="read")
    def test_pattern(self, request: TestEventPatternRequestTypeDef, call: Call) -> Mapping[str, object]:
        try:
            event = json.loads(request["Event"])
        except ValueError as error:
            raise AwsError("ValidationException", f"Parameter Event is not valid JSON: {error}") from error
        if not isinstance(event, dict):
            raise AwsError("ValidationException", "Parameter Event is not valid: it is no JSON object.")
        missing = {"id", "account", "source", "time", "region", "resources", "detail-type"} - event.keys()
        if missing:
            raise AwsError("ValidationException", f"Event must have the field(s) {', '.join(sorted(missing))}.")
        return {"Result": read_pattern(request["EventPattern"]).matches(event)}

    @operation("DescribeEventBus", accepts="Name")
    def describe(self, request: DescribeEventBusRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus({"EventBusName": request.get("Name", BUS)})
        return self._described()

    @operation("ListEventBuses", accepts="NamePrefix NextToken Limit")
    def list_buses(self, request: ListEventBusesRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"EventBuses": [self._described()] if BUS.startswith(request.get("NamePrefix", "")) else []}

    def _described(self) -> dict[str, object]:
        return {"Name": BUS, "Arn": self._house.scope.arn("events", f"event-bus/{BUS}")}


def _checked(entry: PutEventsRequestEntryTypeDef) -> dict[str, Any]:
    """The detail of an entry. Raises AwsError with the code that the entry is answered with."""
    refuse_other_bus(entry)
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            raise AwsError(
                "InvalidArgument", f"Parameter {member} is not valid. Reason: {member} is a required argument."
            )
    if entry["Source"].startswith("aws."):
        raise AwsError("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise AwsError("MalformedDetail", "Detail is malformed.")
    return detail
