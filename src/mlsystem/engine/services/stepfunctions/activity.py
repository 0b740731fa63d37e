"""An activity: work that somebody's own program fetches, wherever it runs."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class Activity(Record):
    """`key` is the ARN."""

    kind: ClassVar[str] = "stepfunctions.activity"
    name: str
    tags: dict[str, str] = Field(default_factory=dict)


def require_activity(tx: Transaction, arn: str) -> Activity:
    found = tx.get(Activity, arn)
    if found is None:
        raise AwsError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    return found
