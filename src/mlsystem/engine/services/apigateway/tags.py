"""Tags of REST APIs and stages, by ARN (`arn:aws:apigateway:region::/restapis/id[/stages/name]`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.apigateway.api import ApiRecord, StageRecord
from mlsystem.engine.store.database import Transaction

_ARN = re.compile(
    r"arn:[a-z-]+:apigateway:[a-z0-9-]+::/restapis/(?P<api>[a-z0-9]+)(/stages/(?P<stage>[A-Za-z0-9_-]+))?"
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


def _find(tx: Transaction, arn: str) -> ApiRecord | StageRecord:
    match = _ARN.fullmatch(arn)
    record: ApiRecord | StageRecord | None = None
    if match is not None and match["stage"]:
        record = tx.get(StageRecord, f"{match['api']}:{match['stage']}")
    elif match is not None:
        record = tx.get(ApiRecord, match["api"])
    if record is None:
        raise AwsError("NotFoundException", f"{arn!r} is no REST API and no stage of one")
    return record
