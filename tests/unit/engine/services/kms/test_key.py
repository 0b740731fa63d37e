"""How a KMS key lives."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer
from mlsystem.engine.services.kms.key import DELETED, MAKE_MATERIAL, SECONDS_A_DAY, Key, KeyMachine, KeyState, Material

AT = 1_800_000_000.0


def _key(state: KeyState, **values: Any) -> Key:
    first = Material(id="m0", sealed_hex="00", made_at=0.0)
    return Key(key="k", state=state, arn="arn", materials=(first,), **values)


def _advance(key: Key, name: str, **data: Any) -> Any:
    return KeyMachine().advance(key, Event(name, data), AT)


@pytest.mark.parametrize(
    ("state", "event", "wanted"),
    [
        (KeyState.ENABLED, "disable", KeyState.DISABLED),
        (KeyState.DISABLED, "enable", KeyState.ENABLED),
        (KeyState.ENABLED, "enable", KeyState.ENABLED),
        (KeyState.PENDING_DELETION, "enable", KeyState.PENDING_DELETION),
        (KeyState.PENDING_DELETION, "disable", KeyState.PENDING_DELETION),
        (KeyState.PENDING_DELETION, "cancel_deletion", KeyState.DISABLED),
        (KeyState.ENABLED, "cancel_deletion", KeyState.ENABLED),
    ],
)
def test_states_change_as_aws_says(state: KeyState, event: str, wanted: KeyState) -> None:
    assert _advance(_key(state), event).record.state == wanted


@pytest.mark.parametrize("state", [KeyState.ENABLED, KeyState.DISABLED])
def test_a_key_is_deleted_when_its_window_is_over(state: KeyState) -> None:
    step = _advance(_key(state), "schedule_deletion", days=7, deleted_at=AT + 7 * SECONDS_A_DAY)
    assert step.record.state == KeyState.PENDING_DELETION
    assert step.timers == (SetTimer("delete", after_seconds=7 * SECONDS_A_DAY),)
    gone = _advance(step.record, "timer", timer="delete")
    assert gone.record is None
    assert gone.notices == (Notice(DELETED, {"KeyId": "k"}),)


def test_a_deletion_that_was_cancelled_does_not_happen() -> None:
    step = _advance(_key(KeyState.PENDING_DELETION), "cancel_deletion")
    assert step.timers == (CancelTimer("delete"),)
    assert _advance(step.record, "timer", timer="delete").record == step.record


def test_rotation_goes_on_from_period_to_period() -> None:
    period = 90 * SECONDS_A_DAY
    step = _advance(_key(KeyState.ENABLED), "enable_rotation", days=90, rotates_at=AT + period)
    assert step.timers == (SetTimer("rotate", after_seconds=period, data={"set_at": AT}),)
    fired = _advance(step.record, "timer", timer="rotate", set_at=AT)
    assert fired.actions == (Action(MAKE_MATERIAL, "k/1", {"key": "k", "rotation": "AUTOMATIC"}),)
    assert fired.timers == step.timers
    assert fired.record.rotates_at == AT + period


def test_a_disabled_key_is_not_rotated_but_keeps_its_calendar() -> None:
    key = _key(KeyState.DISABLED, rotation_days=90, rotates_at=AT + 1)
    fired = _advance(key, "timer", timer="rotate", set_at=AT)
    assert fired.actions == ()
    assert len(fired.timers) == 1


def test_new_material_stands_beside_the_old() -> None:
    made = {"id": "m1", "sealed_hex": "01", "made_at": 0.0, "rotation": "ON_DEMAND"}
    step = _advance(_key(KeyState.ENABLED), "material_made", material=made)
    assert [material.id for material in step.record.materials] == ["m0", "m1"]
    assert step.record.materials[-1].made_at == AT
