"""Tags of state machines and activities. https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.stepfunctions.activity import Activity
from mlsystem.engine.services.stepfunctions.state_machine import StateMachine
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import (
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )


class TagOperations(Part):
    """TagResource, UntagResource, ListTagsForResource."""

    @operation("TagResource", accepts="resourceArn tags")
    def tag(self, request: TagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        found = _tagged(call.tx, request["resourceArn"])
        call.tx.put(found.changed(tags={**found.tags, **{tag["key"]: tag["value"] for tag in request["tags"]}}))
        return {}

    @operation("UntagResource", accepts="resourceArn tagKeys")
    def untag(self, request: UntagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        found = _tagged(call.tx, request["resourceArn"])
        kept = {key: value for key, value in found.tags.items() if key not in request["tagKeys"]}
        call.tx.put(found.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="resourceArn")
    def list_tags(self, request: ListTagsForResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        found = _tagged(call.tx, request["resourceArn"])
        return {"tags": [{"key": key, "value": value} for key, value in found.tags.items()]}


def _tagged(tx: Transaction, arn: str) -> StateMachine | Activity:
    found = tx.get(StateMachine, arn) or tx.get(Activity, arn)
    if found is None:
        raise AwsError("ResourceNotFound", f"Resource not found: '{arn}'")
    return found
