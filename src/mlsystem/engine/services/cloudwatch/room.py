"""Amazon CloudWatch: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.cloudwatch.alarm import AlarmMachine
from mlsystem.engine.services.cloudwatch.alarm_actions import AlarmActions
from mlsystem.engine.services.cloudwatch.alarm_history import AlarmHistory
from mlsystem.engine.services.cloudwatch.alarms import Alarms
from mlsystem.engine.services.cloudwatch.composite_alarms import CompositeAlarms
from mlsystem.engine.services.cloudwatch.dashboards import Dashboards
from mlsystem.engine.services.cloudwatch.metrics import Metrics
from mlsystem.engine.services.cloudwatch.metrics_page import PATH, MetricsPage
from mlsystem.engine.services.cloudwatch.permissions import PERMISSIONS
from mlsystem.engine.services.cloudwatch.statistics import Statistics
from mlsystem.engine.services.cloudwatch.tags import TagOperations


def open_room(house: House) -> Room:
    machine = AlarmMachine(house.clock.time_scale)
    return Room(
        "cloudwatch",
        [
            Metrics(house),
            Statistics(),
            Alarms(house, machine),
            CompositeAlarms(house, machine),
            AlarmActions(house, machine),
            AlarmHistory(house),
            Dashboards(house),
            TagOperations(),
        ],
        PERMISSIONS,
        {PATH: MetricsPage(house)},
    )
