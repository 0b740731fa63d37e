"""Tags of alarms and dashboards, by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )


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
        write_tags(call.tx, request["ResourceARN"], request["Tags"])
        return {}

    @operation("UntagResource", accepts="ResourceARN TagKeys")
    def untag(self, request: UntagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        arn = request["ResourceARN"]
        kept = {key: value for key, value in read_tags(call.tx, arn).items() if key not in request["TagKeys"]}
        call.tx.put(Tags(key=arn, tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="ResourceARN")
    def list_tags(self, request: ListTagsForResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        tags = read_tags(call.tx, request["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
