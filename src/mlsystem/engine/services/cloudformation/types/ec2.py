"""AWS::EC2::*: the network of a template. The engine records it, as on one machine it means nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import retag, tag_list

NOTHING: Properties = {}
PERMISSION = ("IpProtocol", "FromPort", "ToPort")


def _simple(
    noun: str,
    properties: set[str],
    *,
    id_member: str,
    answer_member: str | None = None,
    arguments: Callable[[Site, dict[str, Any]], dict[str, Any]] = lambda _site, given: given,
    attributes: Callable[[str], dict[str, Any]] | None = None,
    finish: Callable[[Site, str, Properties], None] | None = None,
    required: set[str] | None = None,
) -> ApiType:
    """A type with Create<noun>, Delete<noun>, and an id that both call alike."""
    member = answer_member or noun

    def identify(answer: Mapping[str, Any], _request: Mapping[str, Any]) -> str:
        return str(answer[member][id_member] if member in answer else answer[id_member])

    names: dict[str, Any] = attributes("") if attributes else {}
    return ApiType(
        name=f"AWS::EC2::{noun if noun != 'Vpc' else 'VPC'}",
        service="ec2",
        create_operation=f"Create{noun}",
        delete_operation=f"Delete{noun}",
        properties=frozenset(properties | {"Tags"}),
        required=frozenset(required or set()),
        attributes=frozenset(names),
        immutable=frozenset(properties),
        arguments=lambda site, given: _tagged(site, noun, arguments(site, given)),
        identify=identify,
        describe=lambda _site, physical_id: attributes(physical_id) if attributes else {},
        delete_request=lambda physical_id, _properties: {id_member: physical_id},
        change=_retag,
        finish=finish,
    )


KINDS = {
    "Vpc": "vpc",
    "Subnet": "subnet",
    "InternetGateway": "internet-gateway",
    "RouteTable": "route-table",
    "SecurityGroup": "security-group",
    "Address": "elastic-ip",
    "NatGateway": "natgateway",
    "VpcEndpoint": "vpc-endpoint",
}


def _tagged(site: Site, noun: str, request: dict[str, Any]) -> dict[str, Any]:
    tags = tag_list(site, request)
    rest = {name: value for name, value in request.items() if name != "Tags"}
    return {**rest, "TagSpecifications": [{"ResourceType": KINDS[noun], "Tags": tags}]} if tags else rest


def _retag(site: Site, key: str, old: Properties, new: Properties) -> None:
    retag(
        site,
        old,
        new,
        tag=lambda tags: site.call("ec2", "CreateTags", {"Resources": [key], "Tags": _pairs(tags)}),
        untag=lambda gone: site.call("ec2", "DeleteTags", {"Resources": [key], "Tags": [{"Key": one} for one in gone]}),
    )


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


# ---------------------------------------------------------------- VPC and subnets
VPC_SETTINGS = ("EnableDnsHostnames", "EnableDnsSupport")


def _vpc_settings(site: Site, vpc: str, properties: Properties) -> None:
    for name in VPC_SETTINGS:
        if name in properties:
            request = {"VpcId": vpc, name: {"Value": properties[name]}}
            site.call("ec2", "ModifyVpcAttribute", coerced("ec2", "ModifyVpcAttribute", request))


def _change_vpc(site: Site, vpc: str, old: Properties, new: Properties) -> None:
    _vpc_settings(site, vpc, new)
    _retag(site, vpc, old, new)


VPC = ApiType(
    name="AWS::EC2::VPC",
    service="ec2",
    create_operation="CreateVpc",
    delete_operation="DeleteVpc",
    properties=frozenset({"CidrBlock", "InstanceTenancy", *VPC_SETTINGS, "Tags"}),
    required=frozenset({"CidrBlock"}),
    attributes=frozenset({"VpcId", "CidrBlock"}),
    immutable=frozenset({"CidrBlock"}),
    arguments=lambda site, given: _tagged(
        site, "Vpc", {key: value for key, value in given.items() if key not in VPC_SETTINGS}
    ),
    identify=lambda answer, _request: str(answer["Vpc"]["VpcId"]),
    describe=lambda site, vpc: {
        "VpcId": vpc,
        "CidrBlock": site.call("ec2", "DescribeVpcs", {"VpcIds": [vpc]})["Vpcs"][0]["CidrBlock"],
    },
    delete_request=lambda vpc, _properties: {"VpcId": vpc},
    change=_change_vpc,
    finish=_vpc_settings,
)

SUBNET = _simple(
    "Subnet",
    {"AvailabilityZone", "CidrBlock", "VpcId"},
    id_member="SubnetId",
    attributes=lambda subnet: {"SubnetId": subnet},
    required={"VpcId"},
)
INTERNET_GATEWAY = _simple(
    "InternetGateway", set(), id_member="InternetGatewayId", attributes=lambda gateway: {"InternetGatewayId": gateway}
)
ROUTE_TABLE = _simple(
    "RouteTable",
    {"VpcId"},
    id_member="RouteTableId",
    attributes=lambda table: {"RouteTableId": table},
    required={"VpcId"},
)

# ---------------------------------------------------------------- what joins them: their ids are made of both
VPC_GATEWAY_ATTACHMENT = ApiType(
    name="AWS::EC2::VPCGatewayAttachment",
    service="ec2",
    create_operation="AttachInternetGateway",
    delete_operation="DetachInternetGateway",
    properties=frozenset({"InternetGatewayId", "VpcId"}),
    required=frozenset({"InternetGatewayId", "VpcId"}),
    identify=lambda _answer, request: f"IGW|{request['VpcId']}",
    delete_request=lambda _id, properties: {
        "InternetGatewayId": properties["InternetGatewayId"],
        "VpcId": properties["VpcId"],
    },
)

ROUTE = ApiType(
    name="AWS::EC2::Route",
    service="ec2",
    create_operation="CreateRoute",
    delete_operation="DeleteRoute",
    properties=frozenset({"DestinationCidrBlock", "GatewayId", "NatGatewayId", "RouteTableId"}),
    required=frozenset({"RouteTableId", "DestinationCidrBlock"}),
    immutable=frozenset({"RouteTableId", "DestinationCidrBlock"}),
    identify=lambda _answer, request: f"{request['RouteTableId']}|{request['DestinationCidrBlock']}",
    delete_request=lambda _id, properties: {
        "RouteTableId": properties["RouteTableId"],
        "DestinationCidrBlock": properties["DestinationCidrBlock"],
    },
    change=lambda site, _id, _old, new: _replace_route(site, new),
)


def _replace_route(site: Site, new: Properties) -> None:
    site.call("ec2", "ReplaceRoute", coerced("ec2", "ReplaceRoute", dict(new)))


ROUTE_TABLE_ASSOCIATION = ApiType(
    name="AWS::EC2::SubnetRouteTableAssociation",
    service="ec2",
    create_operation="AssociateRouteTable",
    delete_operation="DisassociateRouteTable",
    properties=frozenset({"RouteTableId", "SubnetId"}),
    required=frozenset({"RouteTableId", "SubnetId"}),
    attributes=frozenset({"Id"}),
    identify=lambda answer, _request: str(answer["AssociationId"]),
    describe=lambda _site, association: {"Id": association},
    delete_request=lambda association, _properties: {"AssociationId": association},
)


# ---------------------------------------------------------------- ways out
def _address(site: Site, allocation: str) -> dict[str, Any]:
    found = site.call("ec2", "DescribeAddresses", {"AllocationIds": [allocation]})["Addresses"][0]
    return {"AllocationId": allocation, "PublicIp": found["PublicIp"]}


EIP = ApiType(
    name="AWS::EC2::EIP",
    service="ec2",
    create_operation="AllocateAddress",
    delete_operation="ReleaseAddress",
    properties=frozenset({"Domain", "Tags"}),
    attributes=frozenset({"AllocationId", "PublicIp"}),
    immutable=frozenset({"Domain"}),
    arguments=lambda site, given: _tagged(site, "Address", given),
    change=_retag,
    identify=lambda answer, _request: str(answer["AllocationId"]),
    describe=_address,
    reference=lambda _allocation, attributes: attributes["PublicIp"],
    delete_request=lambda allocation, _properties: {"AllocationId": allocation},
)


def _nat_is_settled(site: Site, verb: str, gateway: str) -> bool:
    found = site.call("ec2", "DescribeNatGateways", {"NatGatewayIds": [gateway]})["NatGateways"]
    state = found[0]["State"] if found else "deleted"
    if state == "failed":
        raise AwsError("NatGatewayFailed", found[0].get("FailureMessage", "the NAT gateway failed"))
    return bool(state == ("deleted" if verb == "delete" else "available"))


NAT_GATEWAY = ApiType(
    name="AWS::EC2::NatGateway",
    service="ec2",
    create_operation="CreateNatGateway",
    delete_operation="DeleteNatGateway",
    properties=frozenset({"AllocationId", "SubnetId", "ConnectivityType", "Tags"}),
    required=frozenset({"SubnetId"}),
    immutable=frozenset({"AllocationId", "SubnetId", "ConnectivityType"}),
    arguments=lambda site, given: _tagged(site, "NatGateway", given),
    change=_retag,
    attributes=frozenset({"NatGatewayId"}),
    identify=lambda answer, _request: str(answer["NatGateway"]["NatGatewayId"]),
    describe=lambda _site, gateway: {"NatGatewayId": gateway},
    delete_request=lambda gateway, _properties: {"NatGatewayId": gateway},
    is_settled=_nat_is_settled,
)

OF_ENDPOINT = frozenset(
    {"PrivateDnsEnabled", "RouteTableIds", "SecurityGroupIds", "ServiceName", "SubnetIds", "VpcEndpointType", "VpcId"}
)

VPC_ENDPOINT = ApiType(
    name="AWS::EC2::VPCEndpoint",
    service="ec2",
    create_operation="CreateVpcEndpoint",
    delete_operation="DeleteVpcEndpoints",
    properties=OF_ENDPOINT | {"Tags"},
    required=frozenset({"ServiceName", "VpcId"}),
    immutable=OF_ENDPOINT,
    arguments=lambda site, given: _tagged(site, "VpcEndpoint", given),
    change=_retag,
    attributes=frozenset({"Id"}),
    identify=lambda answer, _request: str(answer["VpcEndpoint"]["VpcEndpointId"]),
    describe=lambda _site, endpoint: {"Id": endpoint},
    delete_request=lambda endpoint, _properties: {"VpcEndpointIds": [endpoint]},
)

# ---------------------------------------------------------------- security groups
RULES: dict[str, str] = {
    "SecurityGroupIngress": "AuthorizeSecurityGroupIngress",
    "SecurityGroupEgress": "AuthorizeSecurityGroupEgress",
}
REVOKE = {"SecurityGroupIngress": "RevokeSecurityGroupIngress", "SecurityGroupEgress": "RevokeSecurityGroupEgress"}


def _group_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "GroupName": properties.get("GroupName") or site.made_up_name(255),
        "Description": properties["GroupDescription"],
        **{name: properties[name] for name in ("VpcId", "Tags") if name in properties},
    }
    return _tagged(site, "SecurityGroup", request)


def _permission(rule: Properties) -> dict[str, Any]:
    """A rule of a template as the API's IpPermission."""
    permission: dict[str, Any] = {name: rule[name] for name in PERMISSION if name in rule}
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **described}]
    return permission


def _set_rules(site: Site, group: str, old: Properties, new: Properties) -> None:
    for name, operation in RULES.items():
        gone = [_permission(rule) for rule in old.get(name, ()) if rule not in new.get(name, ())]
        fresh = [_permission(rule) for rule in new.get(name, ()) if rule not in old.get(name, ())]
        if name == "SecurityGroupEgress" and new.get(name) and not old.get(name):
            # A new group allows everything outwards, until rules say otherwise.
            _revoke_default(site, group)
        for chosen, permissions in ((REVOKE[name], gone), (operation, fresh)):
            if permissions:
                site.call("ec2", chosen, coerced("ec2", chosen, {"GroupId": group, "IpPermissions": permissions}))


def _revoke_default(site: Site, group: str) -> None:
    default = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    try:
        site.call("ec2", "RevokeSecurityGroupEgress", {"GroupId": group, "IpPermissions": default})
    except AwsError as error:
        if not is_gone(error):
            raise


def _group(site: Site, group: str) -> dict[str, Any]:
    found = site.call("ec2", "DescribeSecurityGroups", {"GroupIds": [group]})["SecurityGroups"][0]
    return {"GroupId": group, "VpcId": found.get("VpcId", "")}


def _change_group(site: Site, group: str, old: Properties, new: Properties) -> None:
    _set_rules(site, group, old, new)
    _retag(site, group, old, new)


SECURITY_GROUP = ApiType(
    name="AWS::EC2::SecurityGroup",
    service="ec2",
    create_operation="CreateSecurityGroup",
    delete_operation="DeleteSecurityGroup",
    properties=frozenset(
        {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "VpcId", "Tags"}
    ),
    required=frozenset({"GroupDescription"}),
    attributes=frozenset({"GroupId", "VpcId"}),
    immutable=frozenset({"GroupDescription", "GroupName", "VpcId"}),
    arguments=_group_arguments,
    identify=lambda answer, _request: str(answer["GroupId"]),
    describe=_group,
    delete_request=lambda group, _properties: {"GroupId": group},
    change=_change_group,
    finish=lambda site, group, properties: _set_rules(site, group, NOTHING, properties),
)


TYPES = (
    VPC,
    SUBNET,
    INTERNET_GATEWAY,
    VPC_GATEWAY_ATTACHMENT,
    ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
    EIP,
    NAT_GATEWAY,
    VPC_ENDPOINT,
    SECURITY_GROUP,
)
