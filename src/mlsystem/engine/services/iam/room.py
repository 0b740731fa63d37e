"""Identity and Access Management: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.iam.permissions import PERMISSIONS
from mlsystem.engine.services.iam.policies import ManagedPolicies
from mlsystem.engine.services.iam.roles import RolePolicies, Roles
from mlsystem.engine.services.iam.simulation import Simulation


def open_room(house: House) -> Room:
    return Room("iam", [Roles(house), RolePolicies(), ManagedPolicies(house), Simulation(house)], PERMISSIONS)
