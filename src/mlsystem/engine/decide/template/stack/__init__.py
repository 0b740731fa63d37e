"""The life of a stack: the states and operations of CloudFormation, as one pure machine.

`new_stack(stack_id, stack_name)`, then `advance(state, event, kinds) -> Step(state, actions, events)`.
"""

from mlsystem.engine.decide.template.stack.action import (
    Action,
    CancelResource,
    CreateResource,
    DeleteResource,
    StackEvent,
    Step,
    UpdateResource,
)
from mlsystem.engine.decide.template.stack.event import (
    CancelUpdateRequested,
    ContinueRollbackRequested,
    CreateRequested,
    CreationTimedOut,
    DeleteRequested,
    Event,
    ResourceCompleted,
    ResourceFailed,
    ResourceInitiated,
    RollbackRequested,
    UpdateRequested,
)
from mlsystem.engine.decide.template.stack.machine import advance
from mlsystem.engine.decide.template.stack.request import deployed, has_changes
from mlsystem.engine.decide.template.stack.state import OnFailure, OutputValue, ResourceState, StackState, new_stack
from mlsystem.engine.decide.template.stack.status import ResourceStatus, StackStatus

__all__ = [
    "Action",
    "CancelResource",
    "CancelUpdateRequested",
    "ContinueRollbackRequested",
    "CreateRequested",
    "CreateResource",
    "CreationTimedOut",
    "DeleteRequested",
    "DeleteResource",
    "Event",
    "OnFailure",
    "OutputValue",
    "ResourceCompleted",
    "ResourceFailed",
    "ResourceInitiated",
    "ResourceState",
    "ResourceStatus",
    "RollbackRequested",
    "StackEvent",
    "StackState",
    "StackStatus",
    "Step",
    "UpdateRequested",
    "UpdateResource",
    "advance",
    "deployed",
    "has_changes",
    "new_stack",
]
