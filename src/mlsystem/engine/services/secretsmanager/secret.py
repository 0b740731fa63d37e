"""A secret, its versions and their staging labels: record, machine and pure rules.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer, Step
from mlsystem.engine.store.records import Record

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
SECONDS_A_DAY = 86_400.0
DELETE = "delete"
# Versions without a label are kept up to this number in all, the newest ones.
MOST_VERSIONS = 100
MOST_STAGES = 20


class SecretState(StrEnum):
    # Its values can be read and changed.
    ACTIVE = "Active"
    # Marked for deletion: can only be described or restored, and is gone when its timer fires.
    DELETED = "Deleted"


class SecretVersion(BaseModel):
    """One value. `sealed_hex` is it under a data key that KMS made, `data_key_hex` that key under the KMS key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    stages: tuple[str, ...]
    is_binary: bool
    sealed_hex: str
    data_key_hex: str
    created_at: float


class Secret(Record):
    """`key` is its name; `kms_key_id` is what the user named, "" for the key that AWS manages."""

    kind: ClassVar[str] = "secretsmanager.secret"
    arn: str
    description: str = ""
    kms_key_id: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    versions: tuple[SecretVersion, ...] = ()
    changed_at: float = 0.0
    # When deletion was asked for, and when the secret is gone.
    deleted_at: float = 0.0
    gone_at: float = 0.0


class SecretMachine:
    """`delete` (days, gone_at), `restore` and the timer."""

    model = Secret

    def advance(self, record: Secret, event: Event, at: float) -> Step[Secret]:
        match (record.state, event.name):
            case (SecretState.ACTIVE, "delete"):
                marked = record.changed(state=SecretState.DELETED, deleted_at=at, gone_at=event.data["gone_at"])
                return Step(marked, timers=(SetTimer(DELETE, after_seconds=event.data["days"] * SECONDS_A_DAY),))
            case (SecretState.DELETED, "restore"):
                restored = record.changed(state=SecretState.ACTIVE, deleted_at=0.0, gone_at=0.0)
                return Step(restored, timers=(CancelTimer(DELETE),))
            case (SecretState.DELETED, "timer"):
                return Step(None)
            case _:
                return Step(record)


def with_version(
    versions: Sequence[SecretVersion], new: SecretVersion, stages: Sequence[str]
) -> tuple[SecretVersion, ...]:
    """The versions with a new one that takes the labels `stages`; the first version of a secret is always the current one."""
    wanted = list(dict.fromkeys([*stages, *([] if versions else [CURRENT])]))
    moved = move_stages([*versions, new.model_copy(update={"stages": ()})], wanted, new.id)
    unlabelled = [version.id for version in moved if not version.stages]
    dropped = set(unlabelled[: max(0, len(moved) - MOST_VERSIONS)])
    return tuple(version for version in moved if version.id not in dropped)


def move_stages(
    versions: Sequence[SecretVersion], stages: Sequence[str], target: str | None
) -> tuple[SecretVersion, ...]:
    """Give the labels to the version `target` alone (to none for None). Whoever loses AWSCURRENT gets AWSPREVIOUS, and alone has it."""
    before = next((version.id for version in versions if CURRENT in version.stages), None)
    moved = tuple(_relabelled(version, stages, target) for version in versions)
    if CURRENT in stages and before is not None and before != target:
        moved = tuple(_relabelled(version, [PREVIOUS], before) for version in moved)
    for version in moved:
        if len(version.stages) > MOST_STAGES:
            raise AwsError("LimitExceededException", f"A version can have at most {MOST_STAGES} staging labels.")
    return moved


def _relabelled(version: SecretVersion, stages: Sequence[str], target: str | None) -> SecretVersion:
    kept = tuple(stage for stage in version.stages if stage not in stages)
    return version.model_copy(update={"stages": (*kept, *stages) if version.id == target else kept})


def find_version(secret: Secret, version_id: str | None, stage: str | None) -> SecretVersion:
    """Raises AwsError: ResourceNotFoundException, or InvalidRequestException for an id and a label of two versions."""
    if version_id is None:
        label = stage or CURRENT
        found = next((version for version in secret.versions if label in version.stages), None)
        if found is None:
            raise not_found(f"value for staging label: {label}")
        return found
    found = next((version for version in secret.versions if version.id == version_id), None)
    if found is None:
        raise not_found(f"value for VersionId: {version_id}")
    if stage is not None and stage not in found.stages:
        raise AwsError(
            "InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."
        )
    return found


def not_found(what: str = "") -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"Secrets Manager can't find the specified secret {what}".rstrip() + "."
    )
