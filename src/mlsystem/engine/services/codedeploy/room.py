"""AWS CodeDeploy, for Lambda: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.codedeploy.applications import Applications
from mlsystem.engine.services.codedeploy.configs import DeploymentConfigs
from mlsystem.engine.services.codedeploy.deployment import DeploymentMachine
from mlsystem.engine.services.codedeploy.deployment_actions import DeploymentActions
from mlsystem.engine.services.codedeploy.deployments import Deployments
from mlsystem.engine.services.codedeploy.groups import DeploymentGroups
from mlsystem.engine.services.codedeploy.permissions import PERMISSIONS
from mlsystem.engine.services.codedeploy.targets import DeploymentTargets


def open_room(house: House) -> Room:
    machine = DeploymentMachine(house.scope.region, house.scope.account)
    return Room(
        "codedeploy",
        [
            Applications(house),
            DeploymentConfigs(),
            DeploymentGroups(house),
            Deployments(house, machine),
            DeploymentActions(house, machine),
            DeploymentTargets(house),
        ],
        PERMISSIONS,
    )
