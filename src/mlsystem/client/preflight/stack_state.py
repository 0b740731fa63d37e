"""In which states a stack takes no change, and what leads out of each."""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.client.preflight.finding import Finding, Severity
from mlsystem.client.stack import REVIEW, Stack

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
WAYS_OUT = {
    "ROLLBACK_COMPLETE": "its creation failed and was undone: `mlsystem destroy` removes it, then deploy again",
    "ROLLBACK_FAILED": "its creation failed and could not be undone: remove what its last events name, then `mlsystem destroy`",
    "DELETE_FAILED": "it could not be deleted whole: `mlsystem destroy` tries again and names what stays",
    "UPDATE_ROLLBACK_FAILED": "an update could not be undone: repair what its last events name, then"
    " `aws cloudformation continue-update-rollback --stack-name {name}`",
    "CREATE_FAILED": "its creation failed: `mlsystem destroy` removes it, then deploy again",
}


def check_stack(stack: Stack) -> Iterator[Finding]:
    """Whether it can be changed now; one that does not exist can be created."""
    status = stack.status() or ""
    if status in WAYS_OUT:
        yield _finding("problem", stack, status)
    elif status.endswith("_IN_PROGRESS") and status != REVIEW:
        yield Finding("problem", f"stack {stack.name}", f"it is {status}: wait until it has settled, then deploy again")


def check_stage(stack: Stack) -> Iterator[Finding]:
    """The pipeline changes it, so it stops the next execution, and no deployment of the pipeline."""
    status = stack.status() or ""
    if status in WAYS_OUT:
        yield _finding("warning", stack, status)


def _finding(severity: Severity, stack: Stack, status: str) -> Finding:
    return Finding(severity, f"stack {stack.name}", f"it is {status}: {WAYS_OUT[status].format(name=stack.name)}")
