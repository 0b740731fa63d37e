"""A task under way: what is kept of it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, ClassVar

from mlsystem.engine.store.records import Record


class TaskState(StrEnum):
    """Of an activity's task; others have none."""

    SCHEDULED = "SCHEDULED"  # waits for a worker
    STARTED = "STARTED"  # a worker has it, or nobody wants it any more


class Task(Record):
    """`key` is the token, `parent` the ARN of the job or of the activity that it waits for.

    It stays: who sends an old token is told so.
    """

    kind: ClassVar[str] = "stepfunctions.task"
    execution: str
    resource: str
    parameters: Any = None
    credentials: Any = None


def text_of(value: Any) -> str:
    """What a worker is given to read."""
    return json.dumps(value)
