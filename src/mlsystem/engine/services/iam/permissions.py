"""What IAM's operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Asked, Permissions, ResourcePolicies, given, on
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.store.database import Transaction


def role(asked: Asked) -> Iterator[str]:
    """A role's ARN has its path in it."""
    name = asked.request["RoleName"]
    known = asked.tx.get(Role, name)
    yield known.arn if known else asked.scope.global_arn("iam", f"role{asked.request.get('Path', '/')}{name}")


NOBODY = '{"Statement": []}'
POLICY = {"iam:PolicyARN": "PolicyArn"}


def policy_of(tx: Transaction, scope: Scope, arn: str) -> str:
    """A role's trust. A role that does not exist trusts nobody."""
    found = tx.get(Role, arn.rpartition("/")[2])
    return found.trust if found and found.arn == arn else NOBODY


PERMISSIONS = Permissions(
    "iam",
    {
        "CreateRole": [on(role), given("Tags", on(role, action="TagRole"))],
        "DeleteRole": [on(role)],
        "GetRole": [on(role)],
        "ListRoles": [on(ANY)],
        "UpdateRole": [on(role)],
        "UpdateAssumeRolePolicy": [on(role)],
        "PutRolePolicy": [on(role)],
        "GetRolePolicy": [on(role)],
        "DeleteRolePolicy": [on(role)],
        "ListRolePolicies": [on(role)],
        "AttachRolePolicy": [on(role, keys=POLICY)],
        "DetachRolePolicy": [on(role, keys=POLICY)],
        "ListAttachedRolePolicies": [on(role)],
        "ListInstanceProfilesForRole": [on(role)],
        "SimulatePrincipalPolicy": [on("${PolicySourceArn}")],
        "SimulateCustomPolicy": [on(ANY)],
        "GetPolicy": [on("${PolicyArn}")],
        "GetPolicyVersion": [on("${PolicyArn}")],
        "ListPolicyVersions": [on("${PolicyArn}")],
        "ListPolicies": [on(ANY)],
        "ListEntitiesForPolicy": [on("${PolicyArn}")],
        "TagRole": [on(role)],
        "UntagRole": [on(role)],
        "ListRoleTags": [on(role)],
    },
    ResourcePolicies(Role, lambda arn: arn, policy_of),
)
