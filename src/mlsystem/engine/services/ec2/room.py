"""Amazon EC2, as much of its networks as the templates name: recorded, as they mean nothing on one machine."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.ec2.gateways import Gateways
from mlsystem.engine.services.ec2.networks import Networks
from mlsystem.engine.services.ec2.permissions import PERMISSIONS
from mlsystem.engine.services.ec2.resource import Register
from mlsystem.engine.services.ec2.route_tables import RouteTables
from mlsystem.engine.services.ec2.security_groups import SecurityGroups


def open_room(house: House) -> Room:
    register = Register(house)
    return Room(
        "ec2", [Networks(register), Gateways(register), RouteTables(register), SecurityGroups(register)], PERMISSIONS
    )
