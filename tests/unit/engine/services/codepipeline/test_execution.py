"""The life of an execution, as decisions."""

from __future__ import annotations

import pytest

from mlsystem.engine.durable.machine import Event, SetTimer
from mlsystem.engine.services.codepipeline.execution import Execution, ExecutionMachine


@pytest.mark.parametrize(
    ("category", "provider", "limit"),
    [
        ("Approval", "Manual", {"after_seconds": 7 * 86400.0}),
        ("Invoke", "Lambda", {"at": 1000.0 + 20 * 60.0}),
        ("Invoke", "StepFunctions", None),
        ("Build", "CodeBuild", None),
    ],
)
def test_a_person_has_scaled_time_and_a_function_real_time(
    category: str, provider: str, limit: dict[str, float] | None
) -> None:
    action = {
        "name": "act",
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
    }
    definition = {
        "arn": "arn:aws:codepipeline:us-east-1:000000000000:line",
        "stages": [{"name": "Only", "actions": [action]}],
        "version": 1,
    }
    execution = Execution(key="e", parent="line", state="InProgress", definition=definition, trigger={})
    step = ExecutionMachine().advance(execution, Event("entered"), 1000.0)
    run = "e.Only.act.0"
    expected = [] if limit is None else [SetTimer(f"timeout/{run}", data={"run": run}, **limit)]
    assert list(step.timers) == expected
