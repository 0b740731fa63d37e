"""AWS::IAM::Role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.cloudformation.resource_type import Done, Outcome, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import retag, tag_list

BOUNDARY = "PermissionsBoundary"


def _refuse_boundary(properties: Properties) -> None:
    """A template may have the property for another account, as long as nothing is given for it here."""
    if properties.get(BOUNDARY):
        raise NotImplementedHere(f"AWS::IAM::Role with a {BOUNDARY}", "on this engine leave it out")


class Role:
    """A role with its inline policies and the managed ones that it names."""

    name = "AWS::IAM::Role"
    properties = frozenset(
        {
            "RoleName",
            "Path",
            "AssumeRolePolicyDocument",
            "Description",
            "MaxSessionDuration",
            "Policies",
            "ManagedPolicyArns",
            BOUNDARY,
            "Tags",
        }
    )
    required = frozenset({"AssumeRolePolicyDocument"})
    attributes: frozenset[str] | None = frozenset({"Arn", "RoleId"})
    immutable = frozenset({"RoleName", "Path"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        _refuse_boundary(properties)
        name = properties.get("RoleName") or site.made_up_name(64)
        request: dict[str, Any] = {
            "RoleName": name,
            "AssumeRolePolicyDocument": json.dumps(properties["AssumeRolePolicyDocument"]),
            "Tags": tag_list(site, properties),
        }
        for member in ("Path", "Description"):
            if member in properties:
                request[member] = properties[member]
        if "MaxSessionDuration" in properties:
            request["MaxSessionDuration"] = int(properties["MaxSessionDuration"])
        site.call("iam", "CreateRole", request)
        self._put_policies(site, name, {}, properties)
        return self._done(site, name)

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        _refuse_boundary(new)
        trust = {"RoleName": physical_id, "PolicyDocument": json.dumps(new["AssumeRolePolicyDocument"])}
        site.call("iam", "UpdateAssumeRolePolicy", trust)
        site.call("iam", "UpdateRole", {"RoleName": physical_id, "Description": new.get("Description", "")})
        self._put_policies(site, physical_id, old, new)
        retag(
            site,
            old,
            new,
            tag=lambda _tags: site.call("iam", "TagRole", {"RoleName": physical_id, "Tags": tag_list(site, new)}),
            untag=lambda gone: site.call("iam", "UntagRole", {"RoleName": physical_id, "TagKeys": gone}),
        )
        return self._done(site, physical_id)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            for arn in _attached(site, physical_id):
                site.call("iam", "DetachRolePolicy", {"RoleName": physical_id, "PolicyArn": arn})
            for name in site.call("iam", "ListRolePolicies", {"RoleName": physical_id})["PolicyNames"]:
                site.call("iam", "DeleteRolePolicy", {"RoleName": physical_id, "PolicyName": name})
            site.call("iam", "DeleteRole", {"RoleName": physical_id})
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _put_policies(self, site: Site, name: str, old: Properties, new: Properties) -> None:
        wanted = {item["PolicyName"]: json.dumps(item["PolicyDocument"]) for item in new.get("Policies", ())}
        for policy, document in wanted.items():
            site.call("iam", "PutRolePolicy", {"RoleName": name, "PolicyName": policy, "PolicyDocument": document})
        for policy in {item["PolicyName"] for item in old.get("Policies", ())} - set(wanted):
            site.call("iam", "DeleteRolePolicy", {"RoleName": name, "PolicyName": policy})
        managed = set(new.get("ManagedPolicyArns", ()))
        for arn in sorted(managed):
            site.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": arn})
        for arn in set(old.get("ManagedPolicyArns", ())) - managed:
            site.call("iam", "DetachRolePolicy", {"RoleName": name, "PolicyArn": arn})

    def _done(self, site: Site, name: str) -> Done:
        role = site.call("iam", "GetRole", {"RoleName": name})["Role"]
        return Done(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _attached(site: Site, name: str) -> list[str]:
    found = site.call("iam", "ListAttachedRolePolicies", {"RoleName": name})["AttachedPolicies"]
    return [item["PolicyArn"] for item in found]


class Policy:
    """AWS::IAM::Policy: an inline policy of the roles that it names. Ref is its name."""

    name = "AWS::IAM::Policy"
    properties = frozenset({"PolicyName", "PolicyDocument", "Roles"})
    required = frozenset({"PolicyName", "PolicyDocument"})
    attributes: frozenset[str] | None = frozenset({"Id"})
    immutable = frozenset({"PolicyName"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        self._put(site, properties)
        name = str(properties["PolicyName"])
        return Done(f"{site.stack_name}-{site.logical_id}-{name}"[:128], {"Id": name}, reference=name)

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        self._put(site, new)
        self._take(site, old, set(old.get("Roles", ())) - set(new.get("Roles", ())))
        name = str(new["PolicyName"])
        return Done(physical_id, {"Id": name}, reference=name)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        self._take(site, properties, set(properties.get("Roles", ())))
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _put(self, site: Site, properties: Properties) -> None:
        for role in properties.get("Roles", ()):
            request = {
                "RoleName": role,
                "PolicyName": properties["PolicyName"],
                "PolicyDocument": json.dumps(properties["PolicyDocument"]),
            }
            site.call("iam", "PutRolePolicy", request)

    def _take(self, site: Site, properties: Properties, roles: set[str]) -> None:
        for role in sorted(roles):
            try:
                site.call("iam", "DeleteRolePolicy", {"RoleName": role, "PolicyName": properties["PolicyName"]})
            except AwsError as error:
                if not is_gone(error):
                    raise
