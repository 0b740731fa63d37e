"""Usage plans: which stages their API keys open, and how often each client may ask. Quotas are refused by name.

The door counts a client at each method by itself, where AWS counts it over the methods of a stage.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.dataplane.state import Client, Throttle
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.services.apigateway.api import ApiKeyRecord, StageRecord, UsagePlanKeyRecord, UsagePlanRecord
from mlsystem.engine.services.apigateway.api_keys import require_key
from mlsystem.engine.services.apigateway.rest_apis import PAGES, new_id
from mlsystem.engine.services.apigateway.throttles import burst_of, rate_of
from mlsystem.engine.store.database import AlreadyExists, Transaction


class UsagePlans(Part):
    """CreateUsagePlan, GetUsagePlan(s), UpdateUsagePlan, DeleteUsagePlan, and the same of their keys."""

    def __init__(self, keeper: DoorKeeper):
        self._keeper = keeper

    @operation("CreateUsagePlan", accepts="name description apiStages throttle tags")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        throttle = request.get("throttle")
        record = UsagePlanRecord(
            key=new_id(6),
            name=request["name"],
            description=request.get("description", ""),
            stages=tuple(_stage(call.tx, stage) for stage in request.get("apiStages", ())),
            throttle=_throttle(throttle) if throttle else None,
            tags=request.get("tags", {}),
        )
        return self._changed(call.tx, call.tx.add(record))

    @operation("GetUsagePlan", accepts="usagePlanId")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return _respond(_plan(call.tx, request))

    @operation("GetUsagePlans", accepts="position keyId limit")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        wanted = request.get("keyId")
        found = [
            plan
            for plan in call.tx.all(UsagePlanRecord)
            if wanted is None or call.tx.get(UsagePlanKeyRecord, f"{plan.key}:{wanted}")
        ]
        return PAGES.page(found, request, "items", by_creation, _respond)

    @operation("UpdateUsagePlan", accepts="usagePlanId patchOperations")
    def update(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = _plan(call.tx, request)
        for patch in request.get("patchOperations", ()):
            record = _patched(call.tx, record, patch)
        call.tx.put(record)
        return self._changed(call.tx, record)

    @operation("DeleteUsagePlan", accepts="usagePlanId")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = _plan(call.tx, request)
        if any(call.tx.get(StageRecord, stage) for stage in record.stages):
            raise AwsError(
                "BadRequestException",
                f"Cannot delete Usage Plan {record.key} because it has API stages associated with it",
            )
        for member in call.tx.all(UsagePlanKeyRecord, parent=record.key):
            call.tx.remove(UsagePlanKeyRecord, member.key)
        call.tx.remove(UsagePlanRecord, record.key)
        self._changed(call.tx, record)
        return {}

    # ------------------------------------------------------------------ keys
    @operation("CreateUsagePlanKey", accepts="usagePlanId keyId keyType")
    def add_key(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        plan, key = _plan(call.tx, request), require_key(call.tx, request["keyId"])
        if request["keyType"] != "API_KEY":
            raise AwsError("BadRequestException", "Invalid key type")
        try:
            call.tx.add(UsagePlanKeyRecord(key=f"{plan.key}:{key.key}", parent=plan.key, api_key=key.key))
        except AlreadyExists as error:
            raise AwsError("ConflictException", "Usage Plan Key already exists") from error
        call.tx.after_commit(self._keeper.refresh)
        return _respond_key(key)

    @operation("GetUsagePlanKey", accepts="usagePlanId keyId")
    def get_key(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return _respond_key(require_key(call.tx, self._member(call.tx, request).api_key))

    @operation("GetUsagePlanKeys", accepts="usagePlanId position limit nameQuery")
    def list_keys(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        members = call.tx.all(UsagePlanKeyRecord, parent=_plan(call.tx, request).key)
        keys = sorted((require_key(call.tx, member.api_key) for member in members), key=by_creation)
        named = [key for key in keys if key.name.startswith(request.get("nameQuery", ""))]
        return PAGES.page(named, request, "items", by_creation, _respond_key)

    @operation("DeleteUsagePlanKey", accepts="usagePlanId keyId")
    def remove_key(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        call.tx.remove(UsagePlanKeyRecord, self._member(call.tx, request).key)
        call.tx.after_commit(self._keeper.refresh)
        return {}

    def _member(self, tx: Transaction, request: Mapping[str, Any]) -> UsagePlanKeyRecord:
        member = tx.get(UsagePlanKeyRecord, f"{_plan(tx, request).key}:{request['keyId']}")
        if member is None:
            raise AwsError("NotFoundException", "Invalid Usage Plan Key identifier specified")
        return member

    def _changed(self, tx: Transaction, record: UsagePlanRecord) -> dict[str, Any]:
        tx.after_commit(self._keeper.refresh)
        return _respond(record)


def clients_of(tx: Transaction, stage: str) -> Iterator[Client]:
    """Who may call a stage (`api:stage`) with a key: each enabled key once, by the first of the plans that have it."""
    seen: set[str] = set()
    for plan in tx.all(UsagePlanRecord):
        if stage not in plan.stages:
            continue
        for member in tx.all(UsagePlanKeyRecord, parent=plan.key):
            key = tx.get(ApiKeyRecord, member.api_key)
            if key is not None and key.is_enabled and key.key not in seen:
                seen.add(key.key)
                yield Client(key.value, Throttle(*plan.throttle) if plan.throttle else None)


def _plan(tx: Transaction, request: Mapping[str, Any]) -> UsagePlanRecord:
    record = tx.get(UsagePlanRecord, request["usagePlanId"])
    if record is None:
        raise AwsError("NotFoundException", "Invalid Usage Plan ID specified")
    return record


def _throttle(given: Mapping[str, Any]) -> tuple[int, float]:
    return burst_of(given.get("burstLimit", 0)), rate_of(given.get("rateLimit", 0.0))


def _stage(tx: Transaction, given: Mapping[str, Any]) -> str:
    if "throttle" in given:
        raise NotImplementedHere("apigateway with throttles of single methods in a usage plan")
    return _known_stage(tx, f"{given.get('apiId')}:{given.get('stage')}")


def _known_stage(tx: Transaction, stage: str) -> str:
    if tx.get(StageRecord, stage) is None:
        raise AwsError("NotFoundException", "API Stage not found: " + stage)
    return stage


def _patched(tx: Transaction, record: UsagePlanRecord, patch: Mapping[str, Any]) -> UsagePlanRecord:
    op, path, value = patch["op"], patch["path"], patch.get("value", "")
    burst, rate = record.throttle or (0, 0.0)
    match op, path:
        case "replace", "/name" | "/description":
            return record.changed(**{path[1:]: value})
        case "replace" | "add", "/throttle/burstLimit":
            return record.changed(throttle=(burst_of(value), rate))
        case "replace" | "add", "/throttle/rateLimit":
            return record.changed(throttle=(burst, rate_of(value)))
        case "remove", "/throttle":
            return record.changed(throttle=None)
        case "add", "/apiStages":
            return record.changed(stages=tuple(dict.fromkeys((*record.stages, _known_stage(tx, value)))))
        case "remove", "/apiStages":
            return record.changed(stages=tuple(stage for stage in record.stages if stage != value))
        case _:
            raise NotImplementedHere(f"apigateway:UpdateUsagePlan with {op} {path}")


def _respond(plan: UsagePlanRecord) -> dict[str, Any]:
    pairs = [stage.split(":") for stage in plan.stages]
    answer: dict[str, Any] = {
        "id": plan.key,
        "name": plan.name,
        "description": plan.description,
        "apiStages": [{"apiId": api, "stage": stage} for api, stage in pairs],
        "tags": plan.tags,
    }
    if plan.throttle is None:
        return answer
    return {**answer, "throttle": {"burstLimit": plan.throttle[0], "rateLimit": plan.throttle[1]}}


def _respond_key(key: ApiKeyRecord) -> dict[str, Any]:
    return {"id": key.key, "type": "API_KEY", "value": key.value, "name": key.name}
