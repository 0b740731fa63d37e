"""Tags of everything in SageMaker, by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.paging import Paging, by_member
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import AddTagsInputTypeDef, DeleteTagsInputTypeDef, ListTagsInputTypeDef

PAGES = Paging(100)


class Tags(Record):
    """`key` is the ARN that the tags belong to."""

    kind: ClassVar[str] = "sagemaker.tags"
    tags: dict[str, str]


def read_tags(tx: Transaction, arn: str) -> dict[str, str]:
    record = tx.get(Tags, arn)
    return dict(record.tags) if record else {}


def write_tags(tx: Transaction, arn: str, tags: Iterable[Mapping[str, Any]]) -> None:
    """Add to, or replace by key, the tags of an ARN."""
    merged = {**read_tags(tx, arn), **{tag["Key"]: tag["Value"] for tag in tags}}
    if merged:
        tx.put(Tags(key=arn, tags=merged))


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class TagOperations(Part):
    """AddTags, ListTags, DeleteTags."""

    @operation("AddTags", accepts="ResourceArn Tags")
    def add_tags(self, request: AddTagsInputTypeDef, call: Call) -> Mapping[str, object]:
        write_tags(call.tx, request["ResourceArn"], request["Tags"])
        return {"Tags": as_list(read_tags(call.tx, request["ResourceArn"]))}

    @operation("ListTags", accepts="ResourceArn NextToken MaxResults")
    def list_tags(self, request: ListTagsInputTypeDef, call: Call) -> Mapping[str, object]:
        tags = read_tags(call.tx, request["ResourceArn"])
        return PAGES.page(as_list(dict(sorted(tags.items()))), request, "Tags", by_member("Key"))

    @operation("DeleteTags", accepts="ResourceArn TagKeys")
    def delete_tags(self, request: DeleteTagsInputTypeDef, call: Call) -> Mapping[str, object]:
        kept = {k: v for k, v in read_tags(call.tx, request["ResourceArn"]).items() if k not in request["TagKeys"]}
        call.tx.put(Tags(key=request["ResourceArn"], tags=kept))
        return {}
