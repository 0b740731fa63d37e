"""What must be true of a function before it may be changed, published or invoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.lambda_.function import FunctionRecord, State
from mlsystem.engine.services.lambda_.names import function_arn


def check_settled(scope: Scope, record: FunctionRecord) -> None:
    """Raises AwsError while the function is being made or changed."""
    if record.is_settled:
        return
    arn = function_arn(scope, record.key)
    now = (
        "The function is currently in the following state: Pending"
        if record.state == State.PENDING
        else f"An update is in progress for resource: {arn}"
    )
    raise AwsError(
        "ResourceConflictException", f"The operation cannot be performed at this time. {now}", fields={"Type": "User"}
    )


def check_revision(current: str, request: Mapping[str, Any]) -> None:
    if request.get("RevisionId", current) != current:
        raise AwsError(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
            "the latest Revision Id",
        )
