"""Application Auto Scaling: which parts make the room. Of the scalable dimensions it has that of SageMaker's variants."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.application_autoscaling.permissions import PERMISSIONS
from mlsystem.engine.services.application_autoscaling.policies import Policies
from mlsystem.engine.services.application_autoscaling.scaling import Scaling
from mlsystem.engine.services.application_autoscaling.scheduled_actions import ScheduledActions
from mlsystem.engine.services.application_autoscaling.target import TargetMachine
from mlsystem.engine.services.application_autoscaling.targets import Targets


def open_room(house: House) -> Room:
    machine = TargetMachine()
    scaling = Scaling(house, machine)
    policies = Policies(house, scaling)
    return Room(
        "application-autoscaling",
        [Targets(house, scaling, policies), policies, scaling, ScheduledActions(house)],
        PERMISSIONS,
    )
