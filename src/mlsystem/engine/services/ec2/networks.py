"""VPCs, subnets, internet gateways and availability zones."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.ec2.resource import Register, Resource, page, refuse_dry_run

ZONES = "abc"
VPC_ATTRIBUTES = ("EnableDnsHostnames", "EnableDnsSupport")


class Networks(Part):
    """VPCs and subnets."""

    def __init__(self, register: Register):
        self._register = register
        self._scope = register.house.scope

    # ------------------------------------------------------------------ zones
    @operation("DescribeAvailabilityZones", accepts="Filters ZoneNames ZoneIds AllAvailabilityZones DryRun")
    def zones(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        region = self._scope.region
        zones = [
            {
                "State": "available",
                "OptInStatus": "opt-in-not-required",
                "Messages": [],
                "RegionName": region,
                "ZoneName": f"{region}{letter}",
                "ZoneId": zone_id(region, letter),
                "GroupName": f"{region}-zg-1",
                "NetworkBorderGroup": region,
                "ZoneType": "availability-zone",
            }
            for letter in ZONES
        ]
        names, ids = request.get("ZoneNames"), request.get("ZoneIds")
        wanted = [
            zone for zone in zones if (not names or zone["ZoneName"] in names) and (not ids or zone["ZoneId"] in ids)
        ]
        return {"AvailabilityZones": wanted}

    # ------------------------------------------------------------------ VPCs
    @operation("CreateVpc", accepts="CidrBlock InstanceTenancy TagSpecifications DryRun")
    def create_vpc(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        block = _block(request.get("CidrBlock", ""), 16, 28)
        account = self._scope.account
        association = {
            "AssociationId": f"vpc-cidr-assoc-0{self._register.house.new_id(16)}",
            "CidrBlock": str(block),
            "CidrBlockState": {"State": "associated"},
        }
        attributes = {
            "CidrBlock": str(block),
            "CidrBlockAssociationSet": [association],
            "DhcpOptionsId": "default",
            "State": "available",
            "InstanceTenancy": request.get("InstanceTenancy", "default"),
            "IsDefault": False,
            "OwnerId": account,
            "EnableDnsSupport": True,
            "EnableDnsHostnames": False,
        }
        vpc = self._register.add(call.tx, "vpc", attributes, request)
        local = {
            "DestinationCidrBlock": str(block),
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
        main: dict[str, Any] = {"Main": True, "RouteTableAssociationId": f"rtbassoc-0{self._register.house.new_id(16)}"}
        main["AssociationState"] = {"State": "associated"}
        table = {"VpcId": vpc.key, "OwnerId": account, "Routes": [local], "Associations": [main], "IsOfVpc": True}
        self._register.add(call.tx, "route-table", {**table, "PropagatingVgws": []})
        group: dict[str, Any] = {"VpcId": vpc.key, "OwnerId": account, "GroupName": "default", "IpPermissions": []}
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        group.update(Description="default VPC security group", IpPermissionsEgress=[everything])
        self._register.add(call.tx, "security-group", group)
        return {"Vpc": vpc.described()}

    @operation("DescribeVpcs", accepts="Filters VpcIds NextToken MaxResults DryRun")
    def describe_vpcs(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        found = self._register.select(call.tx, "vpc", request.get("VpcIds", ()), request.get("Filters", ()))
        return page(found, request, "Vpcs")

    @operation("DeleteVpc", accepts="VpcId DryRun")
    def delete_vpc(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        self._register.remove(call.tx, "vpc", request["VpcId"])
        for other in call.tx.all(Resource):
            if other.attributes.get("VpcId") == request["VpcId"]:
                call.tx.remove(Resource, other.key)
        return {}

    @operation("ModifyVpcAttribute", accepts=f"VpcId {' '.join(VPC_ATTRIBUTES)}")
    def modify_vpc(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        given = {name: request[name]["Value"] for name in VPC_ATTRIBUTES if name in request}
        call.tx.put(vpc.changed(attributes={**vpc.attributes, **given}))
        return {}

    @operation("DescribeVpcAttribute", accepts="Attribute VpcId DryRun")
    def vpc_attribute(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        name = request["Attribute"][0].upper() + request["Attribute"][1:]
        return {"VpcId": vpc.key, name: {"Value": bool(vpc.attributes.get(name))}}

    # ------------------------------------------------------------------ subnets
    @operation("CreateSubnet", accepts="AvailabilityZone AvailabilityZoneId CidrBlock VpcId TagSpecifications DryRun")
    def create_subnet(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        block = _block(request.get("CidrBlock", ""), 16, 28)
        if not block.subnet_of(ipaddress.IPv4Network(vpc.attributes["CidrBlock"])):
            raise AwsError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
        for other in self._register.select(call.tx, "subnet", (), [{"Name": "vpc-id", "Values": [vpc.key]}]):
            if block.overlaps(ipaddress.IPv4Network(other.attributes["CidrBlock"])):
                raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")
        zone = self._zone(request)
        attributes = {
            "VpcId": vpc.key,
            "CidrBlock": str(block),
            "AvailabilityZone": zone,
            "AvailabilityZoneId": zone_id(self._scope.region, zone[-1]),
            "AvailableIpAddressCount": block.num_addresses - 5,
            "State": "available",
            "DefaultForAz": False,
            "MapPublicIpOnLaunch": False,
            "AssignIpv6AddressOnCreation": False,
            "OwnerId": self._scope.account,
        }
        return {"Subnet": self._subnet(self._register.add(call.tx, "subnet", attributes, request))}

    @operation("DescribeSubnets", accepts="Filters SubnetIds NextToken MaxResults DryRun")
    def describe_subnets(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        found = self._register.select(call.tx, "subnet", request.get("SubnetIds", ()), request.get("Filters", ()))
        return page(found, request, "Subnets", self._subnet)

    @operation("ModifySubnetAttribute", accepts="SubnetId MapPublicIpOnLaunch")
    def modify_subnet(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        subnet = self._register.require(call.tx, "subnet", request["SubnetId"])
        value = request["MapPublicIpOnLaunch"]["Value"]
        call.tx.put(subnet.changed(attributes={**subnet.attributes, "MapPublicIpOnLaunch": value}))
        return {}

    @operation("DeleteSubnet", accepts="SubnetId DryRun")
    def delete_subnet(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        self._register.remove(call.tx, "subnet", request["SubnetId"])
        return {}

    def _subnet(self, subnet: Resource) -> dict[str, Any]:
        return {**subnet.described(), "SubnetArn": self._scope.arn("ec2", f"subnet/{subnet.key}")}

    def _zone(self, request: Mapping[str, Any]) -> str:
        zones = {f"{self._scope.region}{letter}": zone_id(self._scope.region, letter) for letter in ZONES}
        zone = request.get("AvailabilityZone") or next(
            (name for name, known in zones.items() if known == request.get("AvailabilityZoneId")), ""
        )
        if not zone and "AvailabilityZoneId" not in request:
            return next(iter(zones))
        if zone not in zones:
            given = zone or request["AvailabilityZoneId"]
            message = (
                f"Value ({given}) for parameter availabilityZone is invalid. Subnets can currently only be created "
            )
            raise AwsError(
                "InvalidParameterValue", f"{message}in the following availability zones: {', '.join(zones)}."
            )
        return zone


def zone_id(region: str, letter: str) -> str:
    """`use1-az1` of `us-east-1a`."""
    area, direction, number = region.rsplit("-", 2)
    short = "".join(part[0] for part in ("north", "south", "east", "west", "central") if part in direction)
    return f"{area.replace('-', '')}{short}{number}-az{ZONES.index(letter) + 1}"


def _block(text: str, longest: int, shortest: int) -> ipaddress.IPv4Network:
    try:
        block = ipaddress.IPv4Network(text, strict=False)
    except ValueError as error:
        raise AwsError("InvalidParameterValue", f"Value ({text}) for parameter cidrBlock is invalid.") from error
    if not longest <= block.prefixlen <= shortest:
        raise AwsError("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")
    return block
