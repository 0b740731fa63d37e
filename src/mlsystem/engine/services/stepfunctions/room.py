"""AWS Step Functions: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.stepfunctions.activities import Activities
from mlsystem.engine.services.stepfunctions.execution import ExecutionMachine
from mlsystem.engine.services.stepfunctions.executions import Executions
from mlsystem.engine.services.stepfunctions.permissions import PERMISSIONS
from mlsystem.engine.services.stepfunctions.state_machines import StateMachines
from mlsystem.engine.services.stepfunctions.state_test import StateTests
from mlsystem.engine.services.stepfunctions.tags import TagOperations
from mlsystem.engine.services.stepfunctions.tasks import Tasks
from mlsystem.engine.services.stepfunctions.tokens import Tokens
from mlsystem.engine.services.stepfunctions.versions import Aliases, Versions


def open_room(house: House) -> Room:
    machine = ExecutionMachine()
    return Room(
        "stepfunctions",
        [
            StateMachines(house),
            Executions(house, machine),
            Tasks(house, machine),
            Tokens(house),
            Activities(house),
            Versions(),
            Aliases(),
            TagOperations(),
            StateTests(house),
        ],
        PERMISSIONS,
    )
