"""API keys: what a client sends in the header x-api-key. A key opens nothing by itself: usage plans say which stages."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.services.apigateway.api import ApiKeyRecord, UsagePlanKeyRecord
from mlsystem.engine.services.apigateway.rest_apis import PAGES, new_id
from mlsystem.engine.store.database import Transaction

VALUE_LENGTH = 40
SHORTEST_VALUE, LONGEST_VALUE = 20, 128


class ApiKeys(Part):
    """CreateApiKey, GetApiKey(s), UpdateApiKey, DeleteApiKey."""

    def __init__(self, keeper: DoorKeeper):
        self._keeper = keeper

    @operation("CreateApiKey", accepts="name description enabled value tags")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        value = request.get("value") or _made_up_value()
        if not SHORTEST_VALUE <= len(value) <= LONGEST_VALUE or not value.isascii() or not value.isprintable():
            raise AwsError("BadRequestException", "API Key value should be at least 20 characters")
        if any(known.value == value for known in call.tx.all(ApiKeyRecord)):
            raise AwsError("ConflictException", "API Key already exists")
        record = ApiKeyRecord(
            key=new_id(),
            name=request.get("name", ""),
            value=value,
            description=request.get("description", ""),
            is_enabled=request.get("enabled", False),
            tags=request.get("tags", {}),
        )
        return respond_key(call.tx.add(record), has_value=True)

    @operation("GetApiKey", accepts="apiKey includeValue")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return respond_key(require_key(call.tx, request["apiKey"]), request.get("includeValue", False))

    @operation("GetApiKeys", accepts="position limit nameQuery includeValues")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        found = [key for key in call.tx.all(ApiKeyRecord) if key.name.startswith(request.get("nameQuery", ""))]
        has_values = request.get("includeValues", False)
        return PAGES.page(found, request, "items", by_creation, lambda key: respond_key(key, has_values))

    @operation("UpdateApiKey", accepts="apiKey patchOperations")
    def update(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_key(call.tx, request["apiKey"])
        for patch in request.get("patchOperations", ()):
            record = _patched(record, patch)
        call.tx.put(record)
        call.tx.after_commit(self._keeper.refresh)
        return respond_key(record)

    @operation("DeleteApiKey", accepts="apiKey")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_key(call.tx, request["apiKey"])
        for member in call.tx.all(UsagePlanKeyRecord):
            if member.api_key == record.key:
                call.tx.remove(UsagePlanKeyRecord, member.key)
        call.tx.remove(ApiKeyRecord, record.key)
        call.tx.after_commit(self._keeper.refresh)
        return {}


def require_key(tx: Transaction, key_id: str) -> ApiKeyRecord:
    record = tx.get(ApiKeyRecord, key_id)
    if record is None:
        raise AwsError("NotFoundException", "Invalid API Key identifier specified")
    return record


def respond_key(record: ApiKeyRecord, has_value: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": record.key,
        "name": record.name,
        "description": record.description,
        "enabled": record.is_enabled,
        "createdDate": datetime.fromtimestamp(record.created_at, UTC),
        "lastUpdatedDate": datetime.fromtimestamp(record.updated_at, UTC),
        "stageKeys": [],
        "tags": record.tags,
    }
    return {**answer, "value": record.value} if has_value else answer


def _made_up_value() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(VALUE_LENGTH))


def _patched(record: ApiKeyRecord, patch: Mapping[str, Any]) -> ApiKeyRecord:
    op, path, value = patch["op"], patch["path"], patch.get("value", "")
    if op == "replace" and path in ("/name", "/description"):
        return record.changed(**{path[1:]: value})
    if op == "replace" and path == "/enabled":
        return record.changed(is_enabled=value == "true")
    raise NotImplementedHere(f"apigateway:UpdateApiKey with {op} {path}")
