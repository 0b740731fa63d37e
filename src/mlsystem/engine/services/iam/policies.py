"""AWS's managed policies that roles may have here: read and list, and who has them.

Nobody can make a policy of their own here, so there are those of AWS alone, each in one version; and there are no instance profiles.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_itself, by_member
from mlsystem.engine.services.iam.listing import page
from mlsystem.engine.services.iam.managed_policies import STATEMENTS, managed_policy
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.services.iam.roles import require_role
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        GetPolicyRequestTypeDef,
        GetPolicyVersionRequestTypeDef,
        ListEntitiesForPolicyRequestTypeDef,
        ListInstanceProfilesForRoleRequestTypeDef,
        ListPoliciesRequestTypeDef,
        ListPolicyVersionsRequestTypeDef,
    )

VERSION = "v1"


class ManagedPolicies(Part):
    """What tools read of policies before they attach them, and after."""

    def __init__(self, house: House):
        self._partition = house.scope.partition

    @operation("GetPolicy", accepts="PolicyArn")
    def get(self, request: GetPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"Policy": self._told(call.tx, _require(request["PolicyArn"]))}

    @operation("GetPolicyVersion", accepts="PolicyArn VersionId")
    def get_version(self, request: GetPolicyVersionRequestTypeDef, call: Call) -> Mapping[str, object]:
        arn = _require(request["PolicyArn"])
        if request["VersionId"] != VERSION:
            raise AwsError("NoSuchEntity", f"Policy {arn} version {request['VersionId']} does not exist.", 404)
        return {"PolicyVersion": {**_version(), "Document": quote(managed_policy(arn))}}

    @operation("ListPolicyVersions", accepts="PolicyArn Marker MaxItems")
    def list_versions(self, request: ListPolicyVersionsRequestTypeDef, call: Call) -> Mapping[str, object]:
        _require(request["PolicyArn"])
        return page([_version()], request, "Versions", by_member("VersionId"))

    @operation("ListPolicies", accepts="Scope OnlyAttached PathPrefix PolicyUsageFilter Marker MaxItems")
    def list_policies(self, request: ListPoliciesRequestTypeDef, call: Call) -> Mapping[str, object]:
        is_theirs = request.get("Scope", "All") != "Local"
        is_wanted = is_theirs and request.get("PolicyUsageFilter") != "PermissionsBoundary"
        told = [self._told(call.tx, f"arn:{self._partition}:iam::aws:policy/{name}") for name in sorted(STATEMENTS)]
        found = [
            one
            for one in told
            if is_wanted
            and one["Path"].startswith(request.get("PathPrefix", "/"))
            and (one["AttachmentCount"] or not request.get("OnlyAttached"))
        ]
        return page(found, request, "Policies", by_member("PolicyName"))

    @operation("ListEntitiesForPolicy", accepts="PolicyArn EntityFilter PathPrefix PolicyUsageFilter Marker MaxItems")
    def list_entities(self, request: ListEntitiesForPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        arn, kind = _require(request["PolicyArn"]), request.get("EntityFilter", "Role")
        is_wanted = kind == "Role" and request.get("PolicyUsageFilter") != "PermissionsBoundary"
        having = [
            {"RoleName": role.key, "RoleId": role.role_id}
            for role in call.tx.each(Role, by_key=True)
            if is_wanted and arn in role.attached and role.path.startswith(request.get("PathPrefix", "/"))
        ]
        return {"PolicyGroups": [], "PolicyUsers": [], **page(having, request, "PolicyRoles", by_member("RoleName"))}

    @operation("ListInstanceProfilesForRole", accepts="RoleName Marker MaxItems")
    def list_profiles(self, request: ListInstanceProfilesForRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        """None: nothing here can make one. Tools ask before they delete a role."""
        require_role(call.tx, request["RoleName"])
        return page((), request, "InstanceProfiles", by_itself)

    def _told(self, tx: Transaction, arn: str) -> dict[str, Any]:
        path, _, name = arn.partition(":policy")[2].rpartition("/")
        return {
            "PolicyName": name,
            "Arn": arn,
            "Path": f"{path}/",
            "DefaultVersionId": VERSION,
            "AttachmentCount": sum(arn in role.attached for role in tx.all(Role)),
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": True,
        }


def _require(arn: str) -> str:
    """The ARN of a policy that is known here. Raises AwsError(NoSuchEntity)."""
    try:
        managed_policy(arn)
    except NotImplementedHere as error:
        known = ", ".join(sorted(STATEMENTS))
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist here; known are {known}.", 404) from error
    return arn


def _version() -> dict[str, object]:
    return {"VersionId": VERSION, "IsDefaultVersion": True}
