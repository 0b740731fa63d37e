"""In which states a stack takes no change, and what leads out of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.preflight.finding import Finding

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
WAYS_OUT = {
    "ROLLBACK_COMPLETE": "its creation failed and was undone: `mlsystem destroy` removes it, then deploy again",
    "ROLLBACK_FAILED": "its creation failed and could not be undone: remove what its last events name, then `mlsystem destroy`",
    "DELETE_FAILED": "it could not be deleted whole: `mlsystem destroy` tries again and names what stays",
    "UPDATE_ROLLBACK_FAILED": "an update could not be undone: repair what its last events name, then"
    " `aws cloudformation continue-update-rollback --stack-name {name}`",
    "CREATE_FAILED": "its creation failed: `mlsystem destroy` removes it, then deploy again",
}


def check_stack(stacks: Any, name: str) -> Iterator[Finding]:
    """Findings about the stack `name`; none where it does not exist or takes an update."""
    try:
        status = str(stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return
        raise
    words = WAYS_OUT.get(status)
    if words is not None:
        yield Finding("problem", f"stack {name}", f"it is {status}: {words.format(name=name)}")
    elif status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        yield Finding("problem", f"stack {name}", f"it is {status}: wait until it has settled, then deploy again")
