"""CodeBuild: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.runtime.workload import Machinery
from mlsystem.engine.services.codebuild.build import BuildMachine
from mlsystem.engine.services.codebuild.build_actions import BuildActions
from mlsystem.engine.services.codebuild.builds import Builds
from mlsystem.engine.services.codebuild.permissions import PERMISSIONS
from mlsystem.engine.services.codebuild.projects import Projects


def open_room(house: House, machinery: Machinery) -> Room:
    machine = BuildMachine()
    return Room(
        "codebuild", [Projects(house), Builds(house, machine), BuildActions(house, machinery, machine)], PERMISSIONS
    )
