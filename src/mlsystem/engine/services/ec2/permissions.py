"""What EC2's operations ask: a resource that is made has no id yet, and each of those that it is made of is asked for, too.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Entry, Permissions, given, on
from mlsystem.engine.services.ec2.resource import KINDS, Resource

ROOT = "arn:${Partition}:ec2:${Region}:${Account}:"
VPC = ROOT + "vpc/${VpcId}"
SUBNET = ROOT + "subnet/${SubnetId}"
INTERNET_GATEWAY = ROOT + "internet-gateway/${InternetGatewayId}"
NAT_GATEWAY = ROOT + "natgateway/${NatGatewayId}"
ADDRESS = ROOT + "elastic-ip/${AllocationId}"
ROUTE_TABLE = ROOT + "route-table/${RouteTableId}"
SECURITY_GROUP = ROOT + "security-group/${GroupId}"
ENDPOINT = ROOT + "vpc-endpoint/${VpcEndpointIds}"


def tagged(asked: Asked) -> Iterator[str]:
    """Ids of any kind, which the beginning of each tells."""
    kinds = {prefix: kind for kind, (prefix, *_) in KINDS.items()}
    for name in asked.values("Resources"):
        yield from asked.arns(f"{ROOT}{kinds.get(name.partition('-')[0], ANY)}/{name}")


def associated(asked: Asked) -> Iterator[str]:
    """The route table of an association, and its subnet."""
    for table in asked.tx.all(Resource, parent="route-table"):
        for known in table.attributes["Associations"]:
            if known["RouteTableAssociationId"] == asked.request["AssociationId"]:
                yield from asked.arns(f"{ROOT}route-table/{table.key}")
                yield from asked.arns(f"{ROOT}subnet/{known.get('SubnetId', ANY)}")
                return
    yield from asked.arns(f"{ROOT}route-table/{ANY}")


def made(kind: str, *of: str) -> Entry:
    """A new resource of this kind, and those that it is made of."""
    new = f"{ROOT}{kind}/{ANY}"
    return [on(new, *of), given("TagSpecifications.Tags", on(new, action="CreateTags"))]


PERMISSIONS = Permissions(
    "ec2",
    {
        # networks
        "CreateVpc": made("vpc"),
        "DeleteVpc": [on(VPC)],
        "DescribeVpcs": [on(ANY)],
        "DescribeVpcAttribute": [on(VPC)],
        "ModifyVpcAttribute": [on(VPC)],
        "CreateSubnet": made("subnet", VPC),
        "DeleteSubnet": [on(SUBNET)],
        "DescribeSubnets": [on(ANY)],
        "ModifySubnetAttribute": [on(SUBNET)],
        "DescribeAvailabilityZones": [on(ANY)],
        # gateways and endpoints
        "CreateInternetGateway": made("internet-gateway"),
        "DeleteInternetGateway": [on(INTERNET_GATEWAY)],
        "DescribeInternetGateways": [on(ANY)],
        "AttachInternetGateway": [on(INTERNET_GATEWAY, VPC)],
        "DetachInternetGateway": [on(INTERNET_GATEWAY, VPC)],
        "AllocateAddress": made("elastic-ip"),
        "ReleaseAddress": [on(ADDRESS)],
        "DescribeAddresses": [on(ANY)],
        "CreateNatGateway": made("natgateway", SUBNET, ADDRESS),
        "DeleteNatGateway": [on(NAT_GATEWAY)],
        "DescribeNatGateways": [on(ANY)],
        "CreateVpcEndpoint": [
            *made("vpc-endpoint", VPC),
            given("RouteTableIds", on(ROOT + "route-table/${RouteTableIds}")),
            given("SubnetIds", on(ROOT + "subnet/${SubnetIds}")),
            given("SecurityGroupIds", on(ROOT + "security-group/${SecurityGroupIds}")),
        ],
        "DeleteVpcEndpoints": [on(ENDPOINT)],
        "DescribeVpcEndpoints": [on(ANY)],
        # routes
        "CreateRouteTable": made("route-table", VPC),
        "DeleteRouteTable": [on(ROUTE_TABLE)],
        "DescribeRouteTables": [on(ANY)],
        "AssociateRouteTable": [on(ROUTE_TABLE, SUBNET)],
        "DisassociateRouteTable": [on(associated)],
        "CreateRoute": [on(ROUTE_TABLE)],
        "ReplaceRoute": [on(ROUTE_TABLE)],
        "DeleteRoute": [on(ROUTE_TABLE)],
        # security groups
        "CreateSecurityGroup": made("security-group", VPC),
        "DeleteSecurityGroup": [on(SECURITY_GROUP)],
        "DescribeSecurityGroups": [on(ANY)],
        "AuthorizeSecurityGroupEgress": [on(SECURITY_GROUP)],
        "AuthorizeSecurityGroupIngress": [on(SECURITY_GROUP)],
        "RevokeSecurityGroupEgress": [on(SECURITY_GROUP)],
        "RevokeSecurityGroupIngress": [on(SECURITY_GROUP)],
        # tags
        "CreateTags": [on(tagged)],
        "DeleteTags": [on(tagged)],
    },
)
