"""Amazon EventBridge Scheduler: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.scheduler.invocations import Invocations
from mlsystem.engine.services.scheduler.permissions import PERMISSIONS
from mlsystem.engine.services.scheduler.schedule import ScheduleMachine
from mlsystem.engine.services.scheduler.schedules import Schedules


def open_room(house: House) -> Room:
    machine = ScheduleMachine(house.clock.time_scale)
    return Room("scheduler", [Schedules(house), Invocations(house, machine)], PERMISSIONS)
