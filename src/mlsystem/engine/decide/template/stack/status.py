"""The states of a stack and of its resources, by CloudFormation's names.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html (status codes)
"""

from __future__ import annotations

from enum import StrEnum


class StackStatus(StrEnum):
    """What DescribeStacks says."""

    # A name without a stack behind it yet.
    REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    # Failed, and what was created is kept, because rollback was disabled.
    CREATE_FAILED = "CREATE_FAILED"
    # The creation failed: all that it made is being deleted.
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_COMPLETE = "ROLLBACK_COMPLETE"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    # The new state holds; what it replaced or dropped is being deleted.
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    # Failed, and what was changed is kept, because rollback was disabled.
    UPDATE_FAILED = "UPDATE_FAILED"
    # The update failed: updated resources get their old properties back, replaced ones come back.
    UPDATE_ROLLBACK_IN_PROGRESS = "UPDATE_ROLLBACK_IN_PROGRESS"
    # A resource did not take its old properties: a person decides (ContinueUpdateRollback).
    UPDATE_ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
    # The old state holds again; what the update created is being deleted.
    UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_ROLLBACK_COMPLETE = "UPDATE_ROLLBACK_COMPLETE"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"

    @property
    def is_terminal(self) -> bool:
        """True if nothing happens any more unless somebody asks for it."""
        return not self.endswith("_IN_PROGRESS")


class ResourceStatus(StrEnum):
    """What DescribeStackResources says."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"
    # Kept by its policy, or because a person said so; the stack forgets it.
    DELETE_SKIPPED = "DELETE_SKIPPED"


UPDATABLE = frozenset(
    {
        StackStatus.CREATE_COMPLETE,
        StackStatus.CREATE_FAILED,
        StackStatus.UPDATE_COMPLETE,
        StackStatus.UPDATE_FAILED,
        StackStatus.UPDATE_ROLLBACK_COMPLETE,
    }
)
# DeleteStack also interrupts a creation and its rollback, but neither an update nor what follows one.
DELETABLE = frozenset(
    {status for status in StackStatus if status.is_terminal}
    | {StackStatus.REVIEW_IN_PROGRESS, StackStatus.CREATE_IN_PROGRESS, StackStatus.ROLLBACK_IN_PROGRESS}
)
