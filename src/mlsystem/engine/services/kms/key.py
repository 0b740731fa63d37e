"""A KMS key: its record, and how it lives.

https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer, Step
from mlsystem.engine.store.records import Record

SECONDS_A_DAY = 86_400.0
DELETE = "delete"
ROTATE = "rotate"
MAKE_MATERIAL = "kms.make_material"
# Aliases of the key listen to it.
DELETED = "kms.key.deleted"


class KeyState(StrEnum):
    # Encrypts and decrypts.
    ENABLED = "Enabled"
    # Does neither until it is enabled again.
    DISABLED = "Disabled"
    # Does neither, and is gone when its timer fires; what it encrypted is lost then.
    PENDING_DELETION = "PendingDeletion"


class Manager(StrEnum):
    CUSTOMER = "CUSTOMER"
    # Made by the engine for a service's own use (`alias/aws/s3`): cannot be changed.
    AWS = "AWS"


class Material(BaseModel):
    """256 bits of key material, sealed under a key of the data folder. Rotation adds one; the old ones go on decrypting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    sealed_hex: str
    made_at: float
    # How it came about: "" for the first one, else AUTOMATIC or ON_DEMAND.
    rotation: str = ""


class Key(Record):
    """`key` is the key id, a UUID."""

    kind: ClassVar[str] = "kms.key"
    arn: str
    manager: Manager = Manager.CUSTOMER
    description: str = ""
    policy: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    materials: tuple[Material, ...]
    # Days between rotations; 0 while rotation is off.
    rotation_days: int = 0
    rotates_at: float = 0.0
    deleted_at: float = 0.0


class KeyMachine:
    """Events are the operations on a key that change its state, its timers, and `material_made`."""

    model = Key

    def advance(self, record: Key, event: Event, at: float) -> Step[Key]:
        transition = _TRANSITIONS.get((record.state, event.name)) or _ALWAYS.get(event.name)
        return transition(record, event.data, at) if transition is not None else Step(record)


def _enable(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    return Step(key.changed(state=KeyState.ENABLED))


def _disable(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    return Step(key.changed(state=KeyState.DISABLED))


def _schedule_deletion(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    seconds = float(str(data["days"])) * SECONDS_A_DAY
    pending = key.changed(state=KeyState.PENDING_DELETION, deleted_at=float(str(data["deleted_at"])))
    return Step(pending, timers=(SetTimer(DELETE, after_seconds=seconds),))


def _cancel_deletion(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    return Step(key.changed(state=KeyState.DISABLED, deleted_at=0.0), timers=(CancelTimer(DELETE),))


def _timer(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    if data["timer"] == DELETE and key.state == KeyState.PENDING_DELETION:
        return Step(None, notices=(Notice(DELETED, {"KeyId": key.key}),))
    if data["timer"] == ROTATE and key.rotation_days:
        # A key that is disabled or to be deleted is not rotated, but its calendar goes on.
        wanted = {"key": key.key, "rotation": "AUTOMATIC"}
        action = Action(MAKE_MATERIAL, f"{key.key}/{len(key.materials)}", wanted)
        return Step(
            key.changed(rotates_at=at + (key.rotates_at - float(str(data["set_at"])))),
            actions=(action,) if key.state == KeyState.ENABLED else (),
            timers=(_rotation_timer(key.rotation_days, at),),
        )
    return Step(key)


def _enable_rotation(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    days = int(str(data["days"]))
    rotating = key.changed(rotation_days=days, rotates_at=float(str(data["rotates_at"])))
    return Step(rotating, timers=(_rotation_timer(days, at),))


def _disable_rotation(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    return Step(key.changed(rotation_days=0, rotates_at=0.0), timers=(CancelTimer(ROTATE),))


def _rotate_now(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    wanted = {"key": key.key, "rotation": "ON_DEMAND"}
    return Step(key, actions=(Action(MAKE_MATERIAL, f"{key.key}/{len(key.materials)}", wanted),))


def _add_material(key: Key, data: Mapping[str, object], at: float) -> Step[Key]:
    made = Material.model_validate(data["material"])
    return Step(key.changed(materials=(*key.materials, made.model_copy(update={"made_at": at}))))


def _rotation_timer(days: int, at: float) -> SetTimer:
    return SetTimer(ROTATE, after_seconds=days * SECONDS_A_DAY, data={"set_at": at})


Transition = Callable[[Key, Mapping[str, object], float], Step[Key]]

_TRANSITIONS: dict[tuple[str, str], Transition] = {
    (KeyState.ENABLED, "disable"): _disable,
    (KeyState.DISABLED, "enable"): _enable,
    (KeyState.ENABLED, "schedule_deletion"): _schedule_deletion,
    (KeyState.DISABLED, "schedule_deletion"): _schedule_deletion,
    (KeyState.PENDING_DELETION, "cancel_deletion"): _cancel_deletion,
    (KeyState.ENABLED, "rotate_now"): _rotate_now,
}

_ALWAYS: dict[str, Transition] = {
    "timer": _timer,
    "enable_rotation": _enable_rotation,
    "disable_rotation": _disable_rotation,
    "material_made": _add_material,
}
