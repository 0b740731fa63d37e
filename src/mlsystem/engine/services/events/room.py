"""Amazon EventBridge: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.events.bus import Bus
from mlsystem.engine.services.events.deliveries import Deliveries
from mlsystem.engine.services.events.permissions import PERMISSIONS
from mlsystem.engine.services.events.rule import RuleMachine
from mlsystem.engine.services.events.rules import Rules
from mlsystem.engine.services.events.targets import Targets


def open_room(house: House) -> Room:
    machine = RuleMachine(house.clock.time_scale)
    bus = Bus(house)
    return Room("events", [Rules(house, machine), Targets(house), bus, Deliveries(house)], PERMISSIONS)
