"""Resources of EC2 that mean nothing on one machine: recorded with their attributes, as AWS would describe them.

All kinds are one record: `parent` is the kind ("vpc"), `attributes` have AWS's names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

# Of each kind: the prefix of its ids, the member that holds an id, and how AWS words that there is none.
KINDS: dict[str, tuple[str, str, str, str]] = {
    "vpc": ("vpc", "VpcId", "InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet": ("subnet", "SubnetId", "InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "internet-gateway": (
        "igw",
        "InternetGatewayId",
        "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{}' does not exist",
    ),
    "natgateway": ("nat", "NatGatewayId", "NatGatewayNotFound", "NAT gateway {} was not found"),
    "elastic-ip": (
        "eipalloc",
        "AllocationId",
        "InvalidAllocationID.NotFound",
        "The allocation ID '{}' does not exist",
    ),
    "route-table": ("rtb", "RouteTableId", "InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "security-group": ("sg", "GroupId", "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "vpc-endpoint": (
        "vpce",
        "VpcEndpointId",
        "InvalidVpcEndpointId.NotFound",
        "The Vpc Endpoint Id '{}' does not exist",
    ),
}


PAGES = Paging(1000)


class Resource(Record):
    """`key` is the id, `parent` the kind."""

    kind: ClassVar[str] = "ec2.resource"
    attributes: dict[str, Any]
    tags: dict[str, str] = Field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        return {**self.attributes, "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}


class Register:
    """Adds, finds and lists resources."""

    def __init__(self, house: House):
        self.house = house

    def add(
        self, tx: Transaction, kind: str, attributes: Mapping[str, Any], request: Mapping[str, Any] | None = None
    ) -> Resource:
        """A new one; tags come from the request's TagSpecifications."""
        prefix, member, _, _ = KINDS[kind]
        key = f"{prefix}-0{self.house.new_id(16)}"
        tags = {
            tag["Key"]: tag["Value"]
            for specification in (request or {}).get("TagSpecifications", ())
            for tag in specification.get("Tags", ())
        }
        return tx.add(Resource(key=key, parent=kind, attributes={member: key, **attributes}, tags=tags))

    def require(self, tx: Transaction, kind: str, key: str) -> Resource:
        """Raises AwsError where there is none."""
        found = tx.get(Resource, key)
        if found is None or found.parent != kind:
            _, _, code, words = KINDS[kind]
            raise AwsError(code, words.format(key))
        return found

    def select(
        self, tx: Transaction, kind: str, ids: Sequence[str], filters: Sequence[Mapping[str, Any]]
    ) -> list[Resource]:
        """What a Describe operation asks for."""
        found = [self.require(tx, kind, key) for key in ids] if ids else tx.all(Resource, parent=kind)
        return [item for item in found if all(_matches(item, wanted) for wanted in filters)]

    def remove(self, tx: Transaction, kind: str, key: str) -> None:
        """Raises AwsError(DependencyViolation) while another resource names it."""
        resource = self.require(tx, kind, key)
        for other in tx.all(Resource):
            if other.key != key and key in set(_texts(other.attributes)) and not _is_part_of(other, resource):
                message = f"The {kind} '{key}' has dependencies and cannot be deleted."
                raise AwsError("DependencyViolation", message)
        tx.remove(Resource, key)


def page(
    found: Sequence[Resource],
    request: Mapping[str, Any],
    result: str,
    show: Callable[[Resource], Mapping[str, object]] = Resource.described,
) -> dict[str, object]:
    """What a Describe operation answers. Those asked for by their ids come in the order of their creation too."""
    return PAGES.page(sorted(found, key=by_creation), request, result, by_creation, show)


def refuse_dry_run(request: Mapping[str, Any]) -> None:
    if request.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)


def _is_part_of(other: Resource, vpc: Resource) -> bool:
    """What came with a VPC goes with it."""
    return vpc.parent == "vpc" and bool(
        other.attributes.get("IsOfVpc") or other.attributes.get("GroupName") == "default"
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _matches(resource: Resource, wanted: Mapping[str, Any]) -> bool:
    """A filter: `tag:KEY`, `tag-key`, or the name of an attribute (`vpc-id`, `attachment.vpc-id`, `state`)."""
    name, values = wanted["Name"], set(wanted["Values"])
    if name.startswith("tag:"):
        return resource.tags.get(name.removeprefix("tag:")) in values
    if name == "tag-key":
        return bool(values & set(resource.tags))
    found: list[Any] = [resource.attributes]
    for part in name.split("."):
        member = "".join(word.capitalize() for word in re.split("-", part))
        found = [child for item in found for child in _children(item, member)]
    if not found and name not in _KNOWN_FILTERS:
        raise NotImplementedHere(f"ec2 with the filter {name}")
    return bool(values & {str(item).lower() if isinstance(item, bool) else str(item) for item in found})


_KNOWN_FILTERS = {
    "vpc-id",
    "subnet-id",
    "state",
    "attachment.vpc-id",
    "association.subnet-id",
    "group-name",
    "group-id",
}


def _children(item: Mapping[str, Any], member: str) -> list[Any]:
    value = item.get(member, item.get(f"{member}s", item.get(f"{member}Set")))
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
