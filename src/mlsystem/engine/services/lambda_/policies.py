"""Resource policies: who may invoke a function beside its own account.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.lambda_.directory import shares_of
from mlsystem.engine.services.lambda_.names import FunctionName, function_arn, function_name
from mlsystem.engine.services.lambda_.precondition import check_revision
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

POLICY_CHANGED = "lambda.policy.changed"


class PolicyRecord(Record):
    """`key` is `name` or `name:qualifier`; statements by their id."""

    kind: ClassVar[str] = "lambda.policy"
    statements: dict[str, dict[str, Any]] = Field(default_factory=dict)
    revision_id: str

    @property
    def document(self) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Id": "default", "Statement": list(self.statements.values())}


class Policies(Part):
    """AddPermission, RemovePermission, GetPolicy."""

    def __init__(self, house: House):
        self._house = house

    @operation(
        "AddPermission",
        accepts="FunctionName Qualifier StatementId Action Principal SourceArn SourceAccount PrincipalOrgID RevisionId",
    )
    def add(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        target = function_name(request)
        shares_of(call.tx, self._house.scope, target)
        record = self._record(call.tx, target)
        check_revision(record.revision_id, request)
        if request["StatementId"] in record.statements:
            raise AwsError(
                "ResourceConflictException",
                f"The statement id ({request['StatementId']}) provided already exists. Please provide a new statement id, or "
                "remove the existing statement.",
            )
        statement = self._statement(target, request)
        self._put(call.tx, record, {**record.statements, request["StatementId"]: statement})
        return {"Statement": json.dumps(statement)}

    @operation("RemovePermission", accepts="FunctionName Qualifier StatementId RevisionId")
    def remove(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = self._record(call.tx, function_name(request))
        check_revision(record.revision_id, request)
        statements = dict(record.statements)
        if statements.pop(request["StatementId"], None) is None:
            raise AwsError(
                "ResourceNotFoundException", f"Statement {request['StatementId']} is not found in resource policy."
            )
        self._put(call.tx, record, statements)
        return {}

    @operation("GetPolicy", accepts="FunctionName Qualifier")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        target = function_name(request)
        shares_of(call.tx, self._house.scope, target)
        record = self._record(call.tx, target)
        if not record.statements:
            raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.")
        return {"Policy": json.dumps(record.document), "RevisionId": record.revision_id}

    def _record(self, tx: Transaction, target: FunctionName) -> PolicyRecord:
        found = tx.get(PolicyRecord, target.target)
        return found or PolicyRecord(key=target.target, parent=target.name, revision_id=str(uuid.uuid4()))

    def _put(self, tx: Transaction, record: PolicyRecord, statements: dict[str, dict[str, Any]]) -> None:
        tx.put(record.changed(statements=statements, revision_id=str(uuid.uuid4())))
        self._house.worker.notify(tx, record.kind, record.key, Notice(POLICY_CHANGED, {"target": record.key}))

    def _statement(self, target: FunctionName, request: Mapping[str, Any]) -> dict[str, Any]:
        principal = request["Principal"]
        is_service = principal.endswith(".amazonaws.com")
        statement: dict[str, Any] = {
            "Sid": request["StatementId"],
            "Effect": "Allow",
            "Principal": "*" if principal == "*" else {"Service" if is_service else "AWS": principal},
            "Action": request["Action"],
            "Resource": function_arn(self._house.scope, target.name, target.qualifier),
        }
        conditions: dict[str, Any] = {}
        if "SourceArn" in request:
            conditions["ArnLike"] = {"AWS:SourceArn": request["SourceArn"]}
        if "SourceAccount" in request:
            conditions.setdefault("StringEquals", {})["AWS:SourceAccount"] = request["SourceAccount"]
        if "PrincipalOrgID" in request:
            conditions.setdefault("StringEquals", {})["aws:PrincipalOrgID"] = request["PrincipalOrgID"]
        return {**statement, "Condition": conditions} if conditions else statement
