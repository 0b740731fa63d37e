"""Tags of alarms and dashboards, by ARN."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudwatch.alarm import Alarm
from mlsystem.engine.services.cloudwatch.dashboards import Dashboard
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )


# By what their ARNs have behind the account.
KINDS: Mapping[str, type[Record]] = {"alarm": Alarm, "dashboard": Dashboard}


class Tags(Record):
    """`key` is the ARN that the tags belong to."""

    kind: ClassVar[str] = "cloudwatch.tags"
    tags: dict[str, str]


def read_tags(tx: Transaction, arn: str) -> dict[str, str]:
    record = tx.get(Tags, arn)
    return dict(record.tags) if record else {}


def write_tags(tx: Transaction, arn: str, tags: Iterable[Mapping[str, Any]]) -> None:
    """Add to, or replace by key, the tags of an ARN."""
    merged = {**read_tags(tx, arn), **{tag["Key"]: tag["Value"] for tag in tags}}
    if merged:
        tx.put(Tags(key=arn, tags=merged))


class TagOperations(Part):
    """TagResource, UntagResource, ListTagsForResource."""

    @operation("TagResource", accepts="ResourceARN Tags")
    def tag(self, request: TagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        _require(call.tx, request["ResourceARN"])
        write_tags(call.tx, request["ResourceARN"], request["Tags"])
        return {}

    @operation("UntagResource", accepts="ResourceARN TagKeys")
    def untag(self, request: UntagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        arn = request["ResourceARN"]
        _require(call.tx, arn)
        kept = {key: value for key, value in read_tags(call.tx, arn).items() if key not in request["TagKeys"]}
        call.tx.put(Tags(key=arn, tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="ResourceARN")
    def list_tags(self, request: ListTagsForResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        _require(call.tx, request["ResourceARN"])
        tags = read_tags(call.tx, request["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _require(tx: Transaction, arn: str) -> None:
    """Raises AwsError(ResourceNotFoundException) for an alarm or a dashboard that is not there."""
    kind, name = re.split("[:/]", f"{arn.split(':', 5)[-1]}:", maxsplit=1)
    model = KINDS.get(kind)
    if model is None or tx.get(model, name.removesuffix(":")) is None:
        raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist.", status=404)
