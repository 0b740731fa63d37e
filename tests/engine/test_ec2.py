"""EC2's networks as the pipeline's template makes them: recorded, described, taken away again."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_there_are_three_availability_zones(engine: LiveEngine) -> None:
    zones = engine.client("ec2").describe_availability_zones()["AvailabilityZones"]
    assert (zones[0]["ZoneName"], zones[0]["ZoneId"]) == ("us-east-1a", "use1-az1")
    assert len(zones) == 3
    assert {zone["State"] for zone in zones} == {"available"}


def test_a_network_with_a_nat_gateway_is_made_and_taken_away(engine: LiveEngine) -> None:
    ec2 = engine.client("ec2")
    named = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "whole"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16", TagSpecifications=named)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]
    found = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["whole"]}])["Vpcs"]
    assert [(item["VpcId"], item["State"]) for item in found] == [(vpc, "available")]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])

    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.0.0/20", AvailabilityZone="us-east-1b")["Subnet"]
    assert subnet["AvailabilityZoneId"] == "use1-az2"
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])["AssociationId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert {route["DestinationCidrBlock"] for route in routes} == {"10.42.0.0/16", "0.0.0.0/0"}

    with pytest.raises(ClientError) as error:
        ec2.delete_vpc(VpcId=vpc)
    assert _code(error) == "DependencyViolation"

    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpoint"]["VpcEndpointId"]])
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.release_address(AllocationId=address)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)
    with pytest.raises(ClientError) as error:
        ec2.describe_vpcs(VpcIds=[vpc])
    assert _code(error) == "InvalidVpcID.NotFound"
    leftover = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert leftover == []


def test_the_rules_of_a_security_group_are_kept(engine: LiveEngine) -> None:
    ec2 = engine.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.43.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="services", Description="what functions reach", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "IpRanges": [{"CidrIp": "10.43.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    with pytest.raises(ClientError) as error:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert _code(error) == "InvalidPermission.Duplicate"
    described = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert described["IpPermissions"][0]["FromPort"] == 2049
    assert described["IpPermissionsEgress"][0]["IpProtocol"] == "-1"
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"] == []


def test_a_subnet_outside_its_network_is_refused(engine: LiveEngine) -> None:
    ec2 = engine.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.44.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError) as error:
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.45.0.0/20")
    assert _code(error) == "InvalidSubnet.Range"
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.44.0.0/20")
    with pytest.raises(ClientError) as error:
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.44.8.0/24")
    assert _code(error) == "InvalidSubnet.Conflict"


def test_what_is_not_recorded_is_refused_by_name(engine: LiveEngine) -> None:
    with pytest.raises(ClientError, match="ec2:RunInstances"):
        engine.client("ec2").run_instances(MinCount=1, MaxCount=1)
