"""Tags of REST APIs and stages, API keys and usage plans, by ARN (`arn:aws:apigateway:region::/restapis/id[/stages/name]`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.apigateway.api import ApiKeyRecord, ApiRecord, StageRecord, UsagePlanRecord
from mlsystem.engine.store.database import Transaction

_Tagged = ApiRecord | StageRecord | ApiKeyRecord | UsagePlanRecord
_ARN = re.compile(
    r"arn:[a-z-]+:apigateway:[a-z0-9-]+::/(restapis/(?P<api>[a-z0-9]+)(/stages/(?P<stage>[A-Za-z0-9_-]+))?"
    r"|apikeys/(?P<key>[a-z0-9]+)|usageplans/(?P<plan>[a-z0-9]+))"
)


class Tags(Part):
    """TagResource, UntagResource, GetTags."""

    @operation("TagResource", accepts="resourceArn tags")
    def tag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = _find(call.tx, request["resourceArn"])
        call.tx.put(record.changed(tags={**record.tags, **request["tags"]}))
        return {}

    @operation("UntagResource", accepts="resourceArn tagKeys")
    def untag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = _find(call.tx, request["resourceArn"])
        kept = {key: value for key, value in record.tags.items() if key not in request["tagKeys"]}
        call.tx.put(record.changed(tags=kept))
        return {}

    @operation("GetTags", accepts="resourceArn position limit")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return {"tags": _find(call.tx, request["resourceArn"]).tags}


def _find(tx: Transaction, arn: str) -> _Tagged:
    match = _ARN.fullmatch(arn)
    record = None if match is None else _get(tx, match)
    if record is None:
        raise AwsError("NotFoundException", f"{arn!r} is no REST API, stage, API key or usage plan")
    return record


def _get(tx: Transaction, match: re.Match[str]) -> _Tagged | None:
    if match["key"]:
        return tx.get(ApiKeyRecord, match["key"])
    if match["plan"]:
        return tx.get(UsagePlanRecord, match["plan"])
    if match["stage"]:
        return tx.get(StageRecord, f"{match['api']}:{match['stage']}")
    return tx.get(ApiRecord, match["api"])
