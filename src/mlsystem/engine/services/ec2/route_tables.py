"""Route tables, their routes and the subnets that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.ec2.resource import Register, Resource, page, refuse_dry_run
from mlsystem.engine.store.database import Transaction

TARGETS = {"GatewayId": "internet-gateway", "NatGatewayId": "natgateway", "VpcEndpointId": "vpc-endpoint"}


class RouteTables(Part):
    """CreateRouteTable, CreateRoute, AssociateRouteTable and their like."""

    def __init__(self, register: Register):
        self._register = register

    @operation("CreateRouteTable", accepts="VpcId TagSpecifications ClientToken DryRun")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        vpc = self._register.require(call.tx, "vpc", request["VpcId"])
        local = {
            "DestinationCidrBlock": vpc.attributes["CidrBlock"],
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
        attributes = {"VpcId": vpc.key, "Routes": [local], "Associations": [], "PropagatingVgws": []}
        attributes["OwnerId"] = self._register.house.scope.account
        return {"RouteTable": _described(self._register.add(call.tx, "route-table", attributes, request))}

    @operation("DescribeRouteTables", accepts="Filters RouteTableIds NextToken MaxResults DryRun")
    def describe(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        ids, filters = request.get("RouteTableIds", ()), request.get("Filters", ())
        found = self._register.select(call.tx, "route-table", ids, filters)
        return page(found, request, "RouteTables", _described)

    @operation("DeleteRouteTable", accepts="RouteTableId DryRun")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        table = self._register.require(call.tx, "route-table", request["RouteTableId"])
        if table.attributes["Associations"]:
            message = f"The routeTable '{table.key}' has dependencies and cannot be deleted."
            raise AwsError("DependencyViolation", message)
        self._register.remove(call.tx, "route-table", table.key)
        return {}

    # ------------------------------------------------------------------ routes
    @operation("CreateRoute", accepts=f"RouteTableId DestinationCidrBlock DryRun {' '.join(TARGETS)}")
    def create_route(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        table, others = self._without(call.tx, request)
        if len(others) < len(table.attributes["Routes"]):
            message = f"The route identified by {request['DestinationCidrBlock']} already exists."
            raise AwsError("RouteAlreadyExists", message)
        self._put(call.tx, table, Routes=[*others, self._route(call.tx, request)])
        return {"Return": True}

    @operation("ReplaceRoute", accepts=f"RouteTableId DestinationCidrBlock DryRun {' '.join(TARGETS)}")
    def replace_route(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        table, others = self._existing(call.tx, request)
        self._put(call.tx, table, Routes=[*others, self._route(call.tx, request)])
        return {}

    @operation("DeleteRoute", accepts="RouteTableId DestinationCidrBlock DryRun")
    def delete_route(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        table, others = self._existing(call.tx, request)
        self._put(call.tx, table, Routes=others)
        return {}

    # ------------------------------------------------------------------ associations
    @operation("AssociateRouteTable", accepts="RouteTableId SubnetId DryRun")
    def associate(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        table = self._register.require(call.tx, "route-table", request["RouteTableId"])
        subnet = self._register.require(call.tx, "subnet", request["SubnetId"])
        for other in call.tx.all(Resource, parent="route-table"):
            for known in other.attributes["Associations"]:
                if known.get("SubnetId") == subnet.key:
                    message = (
                        f"the specified association for route table {other.key} conflicts with an existing association"
                    )
                    raise AwsError("Resource.AlreadyAssociated", message)
        key = f"rtbassoc-0{self._register.house.new_id(16)}"
        state = {"State": "associated"}
        association = {"Main": False, "RouteTableAssociationId": key, "SubnetId": subnet.key, "AssociationState": state}
        association["RouteTableId"] = table.key
        self._put(call.tx, table, Associations=[*table.attributes["Associations"], association])
        return {"AssociationId": key, "AssociationState": state}

    @operation("DisassociateRouteTable", accepts="AssociationId DryRun")
    def disassociate(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        refuse_dry_run(request)
        key = request["AssociationId"]
        for table in call.tx.all(Resource, parent="route-table"):
            known = table.attributes["Associations"]
            others = [association for association in known if association["RouteTableAssociationId"] != key]
            if len(others) < len(known):
                self._put(call.tx, table, Associations=others)
                return {}
        raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{key}' does not exist")

    # ------------------------------------------------------------------ inner
    def _route(self, tx: Transaction, request: Mapping[str, Any]) -> dict[str, Any]:
        targets = {name: request[name] for name in TARGETS if name in request}
        if len(targets) != 1:
            raise AwsError("InvalidParameterCombination", "A route needs exactly one target.")
        for name, key in targets.items():
            self._register.require(tx, TARGETS[name], key)
        destination = request["DestinationCidrBlock"]
        return {"DestinationCidrBlock": destination, "Origin": "CreateRoute", "State": "active", **targets}

    def _without(self, tx: Transaction, request: Mapping[str, Any]) -> tuple[Resource, list[dict[str, Any]]]:
        """The table, and its routes to other destinations."""
        refuse_dry_run(request)
        table = self._register.require(tx, "route-table", request["RouteTableId"])
        destination = request.get("DestinationCidrBlock")
        return table, [route for route in table.attributes["Routes"] if route["DestinationCidrBlock"] != destination]

    def _existing(self, tx: Transaction, request: Mapping[str, Any]) -> tuple[Resource, list[dict[str, Any]]]:
        table, others = self._without(tx, request)
        if len(others) == len(table.attributes["Routes"]):
            destination = request.get("DestinationCidrBlock")
            message = f"no route with destination-cidr-block {destination} in route table {table.key}"
            raise AwsError("InvalidRoute.NotFound", message)
        return table, others

    def _put(self, tx: Transaction, table: Resource, **attributes: Any) -> None:
        tx.put(table.changed(attributes={**table.attributes, **attributes}))


def _described(table: Resource) -> dict[str, Any]:
    shown = table.described()
    shown.pop("IsOfVpc", None)
    associations = [{"RouteTableId": table.key, **association} for association in shown["Associations"]]
    return {**shown, "Associations": associations}
