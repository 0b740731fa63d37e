"""Roles and their policies. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html

Policies are checked when they come in; what they allow is decided at the front, for every request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access import kind
from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_itself, by_key
from mlsystem.engine.services.iam.listing import page
from mlsystem.engine.services.iam.managed_policies import managed_policy
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AttachRolePolicyRequestTypeDef,
        CreateRoleRequestTypeDef,
        DeleteRolePolicyRequestTypeDef,
        DeleteRoleRequestTypeDef,
        DetachRolePolicyRequestTypeDef,
        GetRolePolicyRequestTypeDef,
        GetRoleRequestTypeDef,
        ListAttachedRolePoliciesRequestTypeDef,
        ListRolePoliciesRequestTypeDef,
        ListRolesRequestTypeDef,
        ListRoleTagsRequestTypeDef,
        PutRolePolicyRequestTypeDef,
        TagRoleRequestTypeDef,
        UntagRoleRequestTypeDef,
        UpdateAssumeRolePolicyRequestTypeDef,
        UpdateRoleRequestTypeDef,
    )

T = TypeVar("T")


class Roles(Part):
    """Create, read, change, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateRole", accepts="Path RoleName AssumeRolePolicyDocument Description MaxSessionDuration Tags")
    def create(self, request: CreateRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        name, path = request["RoleName"], request.get("Path", "/")
        if call.tx.get(Role, name) is not None:
            raise AwsError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
        role = Role(
            key=name,
            arn=self._house.scope.global_arn("iam", f"role{path}{name}"),
            role_id=f"AROA{self._house.new_id(17).upper()}",
            path=path,
            trust=_checked_trust(request["AssumeRolePolicyDocument"], "AssumeRolePolicyDocument", name),
            description=request.get("Description", ""),
            max_session_seconds=request.get("MaxSessionDuration", 3600),
            tags=_tags(request.get("Tags", ())),
        )
        return {"Role": _describe(call.tx.add(role))}

    @operation("GetRole", accepts="RoleName")
    def get(self, request: GetRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"Role": _describe(require_role(call.tx, request["RoleName"]))}

    @operation("ListRoles", accepts="PathPrefix Marker MaxItems")
    def list_roles(self, request: ListRolesRequestTypeDef, call: Call) -> Mapping[str, object]:
        prefix = request.get("PathPrefix", "/")
        roles = sorted((role for role in call.tx.all(Role) if role.path.startswith(prefix)), key=lambda role: role.key)
        return page(roles, request, "Roles", by_key, _describe)

    @operation("UpdateRole", accepts="RoleName Description MaxSessionDuration")
    def update(self, request: UpdateRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        seconds = request.get("MaxSessionDuration", role.max_session_seconds)
        call.tx.put(role.changed(description=request.get("Description", role.description), max_session_seconds=seconds))
        return {}

    @operation("UpdateAssumeRolePolicy", accepts="RoleName PolicyDocument")
    def update_trust(self, request: UpdateAssumeRolePolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        call.tx.put(role.changed(trust=_checked_trust(request["PolicyDocument"], "PolicyDocument", role.key)))
        return {}

    @operation("DeleteRole", accepts="RoleName")
    def delete(self, request: DeleteRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        if role.policies or role.attached:
            raise AwsError("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409)
        call.tx.remove(Role, role.key)
        return {}

    @operation("TagRole", accepts="RoleName Tags")
    def tag(self, request: TagRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        call.tx.put(role.changed(tags={**role.tags, **_tags(request["Tags"])}))
        return {}

    @operation("UntagRole", accepts="RoleName TagKeys")
    def untag(self, request: UntagRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        call.tx.put(role.changed(tags={k: v for k, v in role.tags.items() if k not in request["TagKeys"]}))
        return {}

    @operation("ListRoleTags", accepts="RoleName Marker MaxItems")
    def list_tags(self, request: ListRoleTagsRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        return page(sorted(role.tags.items()), request, "Tags", lambda tag: (tag[0],), _tag)


class RolePolicies(Part):
    """Inline and attached policies of roles."""

    @operation("PutRolePolicy", accepts="RoleName PolicyName PolicyDocument")
    def put(self, request: PutRolePolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        name, document = request["PolicyName"], request["PolicyDocument"]
        kind.check_identity(statements_of(document, f"PolicyDocument of {name}"))
        call.tx.put(role.changed(policies={**role.policies, name: document}))
        return {}

    @operation("GetRolePolicy", accepts="RoleName PolicyName")
    def get(self, request: GetRolePolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        role, name = require_role(call.tx, request["RoleName"]), request["PolicyName"]
        if name not in role.policies:
            raise AwsError("NoSuchEntity", f"The role policy with name {name} cannot be found.", 404)
        return {"RoleName": role.key, "PolicyName": name, "PolicyDocument": quote(role.policies[name])}

    @operation("DeleteRolePolicy", accepts="RoleName PolicyName")
    def delete(self, request: DeleteRolePolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        role, name = require_role(call.tx, request["RoleName"]), request["PolicyName"]
        if name not in role.policies:
            raise AwsError("NoSuchEntity", f"The role policy with name {name} cannot be found.", 404)
        call.tx.put(role.changed(policies={key: text for key, text in role.policies.items() if key != name}))
        return {}

    @operation("ListRolePolicies", accepts="RoleName Marker MaxItems")
    def list_inline(self, request: ListRolePoliciesRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        return page(sorted(role.policies), request, "PolicyNames", by_itself, str)

    @operation("AttachRolePolicy", accepts="RoleName PolicyArn")
    def attach(self, request: AttachRolePolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        role, arn = require_role(call.tx, request["RoleName"]), request["PolicyArn"]
        managed_policy(arn)
        call.tx.put(role.changed(attached=tuple(dict.fromkeys([*role.attached, arn]))))
        return {}

    @operation("DetachRolePolicy", accepts="RoleName PolicyArn")
    def detach(self, request: DetachRolePolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        role, arn = require_role(call.tx, request["RoleName"]), request["PolicyArn"]
        if arn not in role.attached:
            raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", 404)
        call.tx.put(role.changed(attached=tuple(known for known in role.attached if known != arn)))
        return {}

    @operation("ListAttachedRolePolicies", accepts="RoleName PathPrefix Marker MaxItems")
    def list_attached(self, request: ListAttachedRolePoliciesRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = require_role(call.tx, request["RoleName"])
        return page(sorted(role.attached), request, "AttachedPolicies", by_itself, _attached)


def require_role(tx: Transaction, name: str) -> Role:
    role = tx.get(Role, name)
    if role is None:
        raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return role


def _checked_trust(document: str, subject: str, role: str) -> str:
    """The text of a role's trust. Raises AwsError(MalformedPolicyDocument, LimitExceeded)."""
    kind.check_trust(statements_of(document, subject))
    kind.check_size(document, kind.LARGEST_TRUST, f"the trust of role {role}")
    return document


def _tags(tags: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _describe(role: Role) -> dict[str, object]:
    return {
        "Path": role.path,
        "RoleName": role.key,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": datetime.fromtimestamp(role.created_at, UTC),
        "AssumeRolePolicyDocument": quote(role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_seconds,
        "Tags": [{"Key": key, "Value": value} for key, value in role.tags.items()],
    }


def _tag(tag: tuple[str, str]) -> dict[str, str]:
    return {"Key": tag[0], "Value": tag[1]}


def _attached(arn: str) -> dict[str, str]:
    return {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}
