"""Tags of log groups: the operations by ARN, and the older ones by name, which tools still call.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.services.logs.groups import require_group
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )


class TagOperations(Part):
    """TagResource, UntagResource, ListTagsForResource, TagLogGroup, UntagLogGroup, ListTagsLogGroup."""

    @operation("TagResource", accepts="resourceArn tags")
    def tag(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _tag(call.tx, named_in(request["resourceArn"]), request["tags"])

    @operation("UntagResource", accepts="resourceArn tagKeys")
    def untag(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _untag(call.tx, named_in(request["resourceArn"]), request["tagKeys"])

    @operation("ListTagsForResource", accepts="resourceArn")
    def list_tags(self, request: ListTagsForResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"tags": require_group(call.tx, named_in(request["resourceArn"])).tags}

    @operation("TagLogGroup", accepts="logGroupName tags")
    def tag_group(self, request: TagLogGroupRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _tag(call.tx, request["logGroupName"], request["tags"])

    @operation("UntagLogGroup", accepts="logGroupName tags")
    def untag_group(self, request: UntagLogGroupRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _untag(call.tx, request["logGroupName"], request["tags"])

    @operation("ListTagsLogGroup", accepts="logGroupName")
    def list_group_tags(self, request: ListTagsLogGroupRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"tags": require_group(call.tx, request["logGroupName"]).tags}


def named_in(arn: str) -> str:
    """The group's name, of an ARN with or without `:*` behind it."""
    return arn.rpartition(":log-group:")[2].removesuffix(":*")


def _tag(tx: Transaction, name: str, tags: Mapping[str, str]) -> Mapping[str, object]:
    group = require_group(tx, name)
    tx.put(group.changed(tags={**group.tags, **tags}))
    return {}


def _untag(tx: Transaction, name: str, keys: Collection[str]) -> Mapping[str, object]:
    group = require_group(tx, name)
    tx.put(group.changed(tags={key: value for key, value in group.tags.items() if key not in keys}))
    return {}
