"""Security groups and their rules, recorded; and the tags of everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.ec2.resource import Register, Resource, page, refuse_dry_run
from mlsystem.engine.store.database import Transaction

RULE = "GroupId IpPermissions DryRun"


class SecurityGroups(Part):
    """CreateSecurityGroup, AuthorizeSecurityGroupIngress and their like; CreateTags, DeleteTags."""

    def __init__(self, register: Register):
        self._register = register

    @operation("CreateSecurityGroup", accepts="Description GroupName VpcId TagSpecifications DryRun")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        for other in call.tx.all(Resource, parent="security-group"):
            if other.attributes["VpcId"] == vpc.key and other.attributes["GroupName"] == request["GroupName"]:
                message = f"The security group '{request['GroupName']}' already exists for VPC '{vpc.key}'"
                raise AwsError("InvalidGroup.Duplicate", message)
        attributes = {
            "GroupName": request["GroupName"],
            "Description": request["Description"],
            "VpcId": vpc.key,
            "OwnerId": self._register.house.scope.account,
            "IpPermissions": [],
            "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        }
        group = self._register.add(call.tx, "security-group", attributes, request)
        return {"GroupId": group.key, "SecurityGroupArn": self._arn(group), "Tags": group.described()["Tags"]}

    @operation("DescribeSecurityGroups", accepts="Filters GroupIds GroupNames NextToken MaxResults DryRun")
    def describe(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        ids, filters = request.get("GroupIds", ()), request.get("Filters", ())
        found = self._register.select(call.tx, "security-group", ids, filters)
        names = request.get("GroupNames")
        shown = [group for group in found if not names or group.attributes["GroupName"] in names]
        return page(
            shown,
            request,
            "SecurityGroups",
            lambda group: {**group.described(), "SecurityGroupArn": self._arn(group)},
        )

    @operation("DeleteSecurityGroup", accepts="GroupId DryRun")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        self._register.remove(call.tx, "security-group", request["GroupId"])
        return {}

    # ------------------------------------------------------------------ rules
    @operation("AuthorizeSecurityGroupIngress", accepts=RULE)
    def allow_in(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._allow(call.tx, request, "IpPermissions")

    @operation("AuthorizeSecurityGroupEgress", accepts=RULE)
    def allow_out(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._allow(call.tx, request, "IpPermissionsEgress")

    @operation("RevokeSecurityGroupIngress", accepts=RULE)
    def revoke_in(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._revoke(call.tx, request, "IpPermissions")

    @operation("RevokeSecurityGroupEgress", accepts=RULE)
    def revoke_out(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._revoke(call.tx, request, "IpPermissionsEgress")

    # ------------------------------------------------------------------ tags
    @operation("CreateTags", accepts="Resources Tags DryRun")
    def tag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        for resource in self._tagged(call.tx, request):
            given = {tag["Key"]: tag.get("Value", "") for tag in request["Tags"]}
            call.tx.put(resource.changed(tags={**resource.tags, **given}))
        return {}

    @operation("DeleteTags", accepts="Resources Tags DryRun")
    def untag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        for resource in self._tagged(call.tx, request):
            gone = {tag["Key"] for tag in request.get("Tags", ())} or set(resource.tags)
            kept = {key: value for key, value in resource.tags.items() if key not in gone}
            call.tx.put(resource.changed(tags=kept))
        return {}

    # ------------------------------------------------------------------ inner
    def _tagged(self, tx: Transaction, request: Mapping[str, Any]) -> list[Resource]:
        refuse_dry_run(request)
        found = [(key, tx.get(Resource, key)) for key in request["Resources"]]
        for key, resource in found:
            if resource is None:
                raise AwsError("InvalidID", f"The ID '{key}' is not valid")
        return [resource for _, resource in found if resource is not None]

    def _allow(self, tx: Transaction, request: Mapping[str, Any], direction: str) -> Mapping[str, object]:
        refuse_dry_run(request)
        group = self._register.require(tx, "security-group", request["GroupId"])
        known = group.attributes[direction]
        for rule in request["IpPermissions"]:
            if rule in known:
                raise AwsError("InvalidPermission.Duplicate", f'the specified rule "peer" already exists: {rule}')
        tx.put(group.changed(attributes={**group.attributes, direction: [*known, *request["IpPermissions"]]}))
        return {"Return": True, "SecurityGroupRules": []}

    def _revoke(self, tx: Transaction, request: Mapping[str, Any], direction: str) -> Mapping[str, object]:
        refuse_dry_run(request)
        group = self._register.require(tx, "security-group", request["GroupId"])
        known = group.attributes[direction]
        for rule in request["IpPermissions"]:
            if rule not in known:
                raise AwsError(
                    "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
                )
        kept = [rule for rule in known if rule not in request["IpPermissions"]]
        tx.put(group.changed(attributes={**group.attributes, direction: kept}))
        return {"Return": True}

    def _arn(self, group: Resource) -> str:
        return self._register.house.scope.arn("ec2", f"security-group/{group.key}")
