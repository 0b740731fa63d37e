"""CloudWatch Logs: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.logs.events import Events
from mlsystem.engine.services.logs.follower import Follower
from mlsystem.engine.services.logs.groups import Groups
from mlsystem.engine.services.logs.metric_filters import MetricFilters
from mlsystem.engine.services.logs.permissions import PERMISSIONS
from mlsystem.engine.services.logs.tags import TagOperations


def open_room(house: House) -> Room:
    return Room("logs", [Groups(house), Events(house), Follower(house), MetricFilters(), TagOperations()], PERMISSIONS)
