"""Internet gateways, NAT gateways, elastic addresses and VPC endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.ec2.resource import Register, Resource, page, refuse_dry_run
from mlsystem.engine.store.database import Transaction


class Gateways(Part):
    """What leads out of a VPC."""

    def __init__(self, register: Register):
        self._register = register
        self._scope = register.house.scope

    # ------------------------------------------------------------------ internet gateways
    @operation("CreateInternetGateway", accepts="TagSpecifications DryRun")
    def create_internet(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        attributes = {"Attachments": [], "OwnerId": self._scope.account}
        return {"InternetGateway": self._register.add(call.tx, "internet-gateway", attributes, request).described()}

    @operation("DescribeInternetGateways", accepts="Filters InternetGatewayIds NextToken MaxResults DryRun")
    def describe_internet(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        ids, filters = request.get("InternetGatewayIds", ()), request.get("Filters", ())
        found = self._register.select(call.tx, "internet-gateway", ids, filters)
        return page(found, request, "InternetGateways")

    @operation("AttachInternetGateway", accepts="InternetGatewayId VpcId DryRun")
    def attach(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        gateway = self._register.require(call.tx, "internet-gateway", request["InternetGatewayId"])
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        if gateway.attributes["Attachments"]:
            message = (
                f"resource {gateway.key} is already attached to network {gateway.attributes['Attachments'][0]['VpcId']}"
            )
            raise AwsError("Resource.AlreadyAssociated", message)
        self._attach(call.tx, gateway, [{"VpcId": vpc.key, "State": "available"}])
        return {}

    @operation("DetachInternetGateway", accepts="InternetGatewayId VpcId DryRun")
    def detach(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        gateway = self._register.require(call.tx, "internet-gateway", request["InternetGatewayId"])
        if request["VpcId"] not in [attached["VpcId"] for attached in gateway.attributes["Attachments"]]:
            message = f"resource {gateway.key} is not attached to network {request['VpcId']}"
            raise AwsError("Gateway.NotAttached", message)
        self._attach(call.tx, gateway, [])
        return {}

    @operation("DeleteInternetGateway", accepts="InternetGatewayId DryRun")
    def delete_internet(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        gateway = self._register.require(call.tx, "internet-gateway", request["InternetGatewayId"])
        if gateway.attributes["Attachments"]:
            message = f"The internetGateway '{gateway.key}' has dependencies and cannot be deleted."
            raise AwsError("DependencyViolation", message)
        self._register.remove(call.tx, "internet-gateway", gateway.key)
        return {}

    def _attach(self, tx: Transaction, gateway: Resource, attachments: list[dict[str, str]]) -> None:
        tx.put(gateway.changed(attributes={**gateway.attributes, "Attachments": attachments}))

    # ------------------------------------------------------------------ elastic addresses
    @operation("AllocateAddress", accepts="Domain TagSpecifications DryRun")
    def allocate(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        # From the block that is kept for documentation: it is nobody's.
        address = f"203.0.113.{len(call.tx.all(Resource, parent='elastic-ip')) % 254 + 1}"
        attributes = {"PublicIp": address, "Domain": "vpc", "NetworkBorderGroup": self._scope.region}
        return self._register.add(call.tx, "elastic-ip", attributes, request).attributes

    @operation("DescribeAddresses", accepts="Filters AllocationIds PublicIps DryRun")
    def describe_addresses(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        ids, filters = request.get("AllocationIds", ()), request.get("Filters", ())
        found = self._register.select(call.tx, "elastic-ip", ids, filters)
        wanted = request.get("PublicIps")
        shown = [item for item in found if not wanted or item.attributes["PublicIp"] in wanted]
        return {"Addresses": [address.described() for address in shown]}

    @operation("ReleaseAddress", accepts="AllocationId DryRun")
    def release(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        self._register.remove(call.tx, "elastic-ip", request["AllocationId"])
        return {}

    # ------------------------------------------------------------------ NAT gateways
    @operation(
        "CreateNatGateway", accepts="AllocationId ClientToken SubnetId ConnectivityType TagSpecifications DryRun"
    )
    def create_nat(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        subnet = self._register.require(call.tx, "subnet", request["SubnetId"])
        address: dict[str, str] = {}
        if "AllocationId" in request:
            elastic = self._register.require(call.tx, "elastic-ip", request["AllocationId"])
            address = {"AllocationId": elastic.key, "PublicIp": elastic.attributes["PublicIp"]}
        attributes = {
            "SubnetId": subnet.key,
            "VpcId": subnet.attributes["VpcId"],
            "State": "available",
            "ConnectivityType": request.get("ConnectivityType", "public"),
            "NatGatewayAddresses": [address] if address else [],
        }
        return {"NatGateway": _nat(self._register.add(call.tx, "natgateway", attributes, request))}

    @operation("DescribeNatGateways", accepts="Filter NatGatewayIds NextToken MaxResults DryRun")
    def describe_nat(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        ids, filters = request.get("NatGatewayIds", ()), request.get("Filter", ())
        found = self._register.select(call.tx, "natgateway", ids, filters)
        return page(found, request, "NatGateways", _nat)

    @operation("DeleteNatGateway", accepts="NatGatewayId DryRun")
    def delete_nat(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        self._register.require(call.tx, "natgateway", request["NatGatewayId"])
        call.tx.remove(Resource, request["NatGatewayId"])  # routes that lead to it stay, as AWS's black holes do
        return {"NatGatewayId": request["NatGatewayId"]}

    # ------------------------------------------------------------------ VPC endpoints
    @operation(
        "CreateVpcEndpoint",
        accepts="""VpcEndpointType VpcId ServiceName PolicyDocument RouteTableIds SubnetIds SecurityGroupIds ClientToken
        PrivateDnsEnabled TagSpecifications DryRun""",
    )
    def create_endpoint(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        tables, subnets, groups = (request.get(name, []) for name in ("RouteTableIds", "SubnetIds", "SecurityGroupIds"))
        for kind, ids in (("route-table", tables), ("subnet", subnets), ("security-group", groups)):
            for key in ids:
                self._register.require(call.tx, kind, key)
        attributes = {
            "VpcEndpointType": request.get("VpcEndpointType", "Gateway"),
            "VpcId": vpc.key,
            "ServiceName": request["ServiceName"],
            "State": "available",
            "PolicyDocument": request.get(
                "PolicyDocument", '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
            ),
            "RouteTableIds": tables,
            "SubnetIds": subnets,
            "Groups": [{"GroupId": key} for key in groups],
            "PrivateDnsEnabled": request.get("PrivateDnsEnabled", False),
            "RequesterManaged": False,
            "NetworkInterfaceIds": [f"eni-0{self._register.house.new_id(16)}" for _ in subnets],
            "DnsEntries": [],
            "OwnerId": self._scope.account,
        }
        return {"VpcEndpoint": _endpoint(self._register.add(call.tx, "vpc-endpoint", attributes, request))}

    @operation("DescribeVpcEndpoints", accepts="Filters VpcEndpointIds NextToken MaxResults DryRun")
    def describe_endpoints(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        ids, filters = request.get("VpcEndpointIds", ()), request.get("Filters", ())
        found = self._register.select(call.tx, "vpc-endpoint", ids, filters)
        return page(found, request, "VpcEndpoints", _endpoint)

    @operation("DeleteVpcEndpoints", accepts="VpcEndpointIds DryRun")
    def delete_endpoints(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        unsuccessful = []
        for key in request["VpcEndpointIds"]:
            try:
                self._register.remove(call.tx, "vpc-endpoint", key)
            except AwsError as error:
                unsuccessful.append({"ResourceId": key, "Error": {"Code": error.code, "Message": error.message}})
        return {"Unsuccessful": unsuccessful}


def _nat(gateway: Resource) -> dict[str, Any]:
    return {**gateway.described(), "CreateTime": datetime.fromtimestamp(gateway.created_at, UTC)}


def _endpoint(endpoint: Resource) -> dict[str, Any]:
    return {**endpoint.described(), "CreationTimestamp": datetime.fromtimestamp(endpoint.created_at, UTC)}
