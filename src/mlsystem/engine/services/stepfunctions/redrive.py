"""Whether an execution may be redriven, in the words of DescribeExecution's `redriveStatusReason`.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from mlsystem.engine.decide import states
from mlsystem.engine.services.stepfunctions.execution import Execution, Status
from mlsystem.engine.services.stepfunctions.state_machine import StateMachine
from mlsystem.engine.store.database import Transaction

PERIOD_SECONDS = 14 * 24 * 3600.0


def obstacle(tx: Transaction, execution: Execution, now: float) -> str:
    """Why it cannot; empty where it can."""
    if execution.state in (Status.RUNNING, Status.SUCCEEDED):
        return f"Execution is {execution.state} and cannot be redriven"
    if tx.get(StateMachine, execution.parent) is None:
        return "State machine is in DELETING status"
    if now - (execution.stopped_at or 0.0) > PERIOD_SECONDS:
        return "Execution redrivable period exceeded"
    if "interrupted" not in execution.interpreter:
        return "Execution was started before the launch of RedriveExecution"
    return "" if states.is_redrivable(execution.interpreter) else "Execution history event limit exceeded"


def redrive_status(tx: Transaction, execution: Execution, now: float) -> dict[str, object]:
    """The members of DescribeExecution."""
    if reason := obstacle(tx, execution, now):
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveStatus": "REDRIVABLE"}
