"""What IAM's operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, given, on
from mlsystem.engine.services.iam.roles import Role


def role(asked: Asked) -> Iterator[str]:
    """A role's ARN has its path in it."""
    name = asked.request["RoleName"]
    known = asked.tx.get(Role, name)
    yield known.arn if known else asked.scope.global_arn("iam", f"role{asked.request.get('Path', '/')}{name}")


POLICY = {"iam:PolicyARN": "PolicyArn"}

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
        "TagRole": [on(role)],
        "UntagRole": [on(role)],
        "ListRoleTags": [on(role)],
    },
)
