"""Looks at and sets the instances of an endpoint's variant, and hears of alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.decide.scaling.policy import VARIANT
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.application_autoscaling.policies import PolicyRecord
from mlsystem.engine.services.application_autoscaling.target import LOOK, RESIZE, TargetMachine, TargetRecord
from mlsystem.engine.store.database import Transaction


class ScalingActions(Part):
    """`look` and `resize`."""

    def __init__(self, house: House, machine: TargetMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {LOOK: self._look, RESIZE: self._resize}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudwatch.alarm.scaling": self._on_alarm}

    def _on_alarm(self, tx: Transaction, topic: str, data: Json) -> None:
        if data["state"] != "ALARM" or data["value"] is None:
            return
        policy = next((one for one in tx.all(PolicyRecord) if one.arn == data["policy"]), None)
        direction = next((side for side, name in policy.alarms.items() if name == data["alarm"]), "") if policy else ""
        if policy is None or not direction:
            return
        why = {
            "kind": "alarm",
            "name": policy.name,
            "configuration": policy.configuration,
            "direction": direction,
            "value": data["value"],
            "alarm": data["alarm"],
        }
        self._house.worker.send(tx, TargetRecord, policy.parent, Event("asked", {"why": why}))

    def _look(self, call: ActionCall) -> Event | None:
        record = self._record(call)
        if record is None:
            return None
        try:
            capacity, is_busy = self._capacity(record)
        except ActionFailed:
            return None
        return Event("looked", {"why": call.data["why"], "capacity": capacity, "is_busy": is_busy})

    def _resize(self, call: ActionCall) -> Event | None:
        record = self._record(call)
        if record is None:
            return None
        capacity, _ = self._capacity(record)
        if capacity != call.data["capacity"]:
            endpoint, variant = endpoint_variant(record.resource)
            wanted = {"VariantName": variant, "DesiredInstanceCount": call.data["capacity"]}
            request = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [wanted]}
            self._ask("UpdateEndpointWeightsAndCapacities", request)
        return Event("resized", {"capacity": call.data["capacity"]})

    def _capacity(self, record: TargetRecord) -> tuple[int, bool]:
        """The desired instances, and whether the endpoint cannot be changed now. Raises ActionFailed where it is gone."""
        name, variant = endpoint_variant(record.resource)
        endpoint = self._ask("DescribeEndpoint", {"EndpointName": name})
        found = [one for one in endpoint.get("ProductionVariants", ()) if one["VariantName"] == variant]
        if not found:
            raise ActionFailed(f"the endpoint {name} has no variant {variant}", "ValidationException")
        return int(found[0]["DesiredInstanceCount"]), endpoint["EndpointStatus"] != "InService"

    def _ask(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._house.call("sagemaker", name, request)
        except AwsError as error:
            raise ActionFailed(error.message, error.code) from error

    def _record(self, call: ActionCall) -> TargetRecord | None:
        with self._house.database.reading() as tx:
            return tx.get(TargetRecord, call.owner_key)


def endpoint_variant(resource: str) -> tuple[str, str]:
    found = VARIANT.fullmatch(resource)
    if found is None:
        raise ActionFailed(f"{resource} is no endpoint/<name>/variant/<name>", "ValidationException")
    return found[1], found[2]
