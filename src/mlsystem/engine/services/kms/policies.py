"""Key policies: checked when they come in; without a word of them nobody uses a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.access.kind import check_resource
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_itself
from mlsystem.engine.services.kms.directory import Directory
from mlsystem.engine.services.kms.page import take_page

if TYPE_CHECKING:
    from types_boto3_kms.type_defs import (
        GetKeyPolicyRequestTypeDef,
        ListKeyPoliciesRequestTypeDef,
        PutKeyPolicyRequestTypeDef,
    )

# The only name that a key policy has.
NAME = "default"


class Policies(Part):
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"""

    def __init__(self, directory: Directory):
        self._directory = directory

    @operation("PutKeyPolicy", accepts="KeyId PolicyName Policy BypassPolicyLockoutSafetyCheck")
    def put_key_policy(self, request: PutKeyPolicyRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._directory.find_customers(call.tx, request["KeyId"])
        _check_policy_name(request.get("PolicyName"))
        check_policy(request["Policy"])
        call.tx.put(key.changed(policy=request["Policy"]))
        return {}

    @operation("GetKeyPolicy", accepts="KeyId PolicyName")
    def get_key_policy(self, request: GetKeyPolicyRequestTypeDef, call: Call) -> dict[str, object]:
        key = self._directory.find(call.tx, request["KeyId"])
        _check_policy_name(request.get("PolicyName"))
        return {"Policy": key.policy, "PolicyName": NAME}

    @operation("ListKeyPolicies", accepts="KeyId Limit Marker")
    def list_key_policies(self, request: ListKeyPoliciesRequestTypeDef, call: Call) -> dict[str, object]:
        self._directory.find(call.tx, request["KeyId"])
        names, more = take_page([NAME], request, 100, by_itself)
        return {"PolicyNames": names, **more}


def default_policy(house: House) -> str:
    """The policy that AWS gives to a key made without one: the account's own policies decide."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": house.root.arn},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def check_policy(text: str) -> None:
    """Raises AwsError(MalformedPolicyDocumentException)."""
    try:
        check_resource(statements_of(text, "policy"))
    except AwsError as error:
        raise AwsError("MalformedPolicyDocumentException", error.message) from error


def _check_policy_name(name: str | None) -> None:
    if name not in (None, NAME):
        raise AwsError("NotFoundException", f"No such policy exists: {name}")
