"""CodePipeline: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.codepipeline.action_types import ActionTypes
from mlsystem.engine.services.codepipeline.actions import Actions
from mlsystem.engine.services.codepipeline.execution import ExecutionMachine
from mlsystem.engine.services.codepipeline.executions import Executions
from mlsystem.engine.services.codepipeline.permissions import PERMISSIONS
from mlsystem.engine.services.codepipeline.pipelines import Pipelines
from mlsystem.engine.services.codepipeline.rollbacks import Rollbacks
from mlsystem.engine.services.codepipeline.stage import Stages
from mlsystem.engine.services.codepipeline.state import PipelineState


def open_room(house: House) -> Room:
    machine = ExecutionMachine()
    executions, rollbacks = Executions(house, machine), Rollbacks(house, machine)
    told = [PipelineState(), ActionTypes()]
    parts = [Pipelines(house), executions, rollbacks, Stages(house), Actions(house, machine), *told]
    return Room("codepipeline", parts, PERMISSIONS)
