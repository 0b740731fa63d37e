"""When a rule is due, and what its targets are given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.pattern import TransformFailed
from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer
from mlsystem.engine.services.events.rule import Rule, RuleMachine, State, target_input

ARN = "arn:aws:events:us-east-1:000000000000:rule/r"
EVENT = {"source": "s", "detail-type": "t", "detail": {"who": "ann"}, "resources": []}


def _rule(schedule: str, state: State = State.ENABLED) -> Rule:
    return Rule(key="r", arn=ARN, schedule=schedule, state=state)


def test_a_rate_is_divided_by_the_time_scale_and_keeps_its_beat() -> None:
    machine = RuleMachine(time_scale=60)
    step = machine.advance(_rule("rate(5 minutes)"), Event("set"), 1000.0)
    assert step.timers == (SetTimer("due", at=1005.0),)
    assert step.record is not None
    late = machine.advance(step.record, Event("timer", {"timer": "due"}), 1007.0)
    assert late.timers == (SetTimer("due", at=1010.0),)
    assert [notice.topic for notice in late.notices] == ["events.rule.due"]


def test_an_instant_is_not_scaled() -> None:
    step = RuleMachine(time_scale=60).advance(_rule("cron(0 12 * * ? *)"), Event("set"), 0.0)
    assert step.timers == (SetTimer("due", at=12 * 3600.0),)


def test_a_disabled_rule_has_no_timer() -> None:
    machine, rule = RuleMachine(1.0), _rule("rate(1 day)", State.DISABLED)
    assert machine.advance(rule, Event("set"), 0.0).timers == (CancelTimer("due"),)
    assert machine.advance(rule, Event("timer", {"timer": "due"}), 0.0).notices == ()


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ({}, json.dumps(EVENT)),
        ({"Input": "fixed"}, "fixed"),
        ({"InputPath": "$.detail"}, '{"who": "ann"}'),
        ({"InputTransformer": {"InputTemplate": '"<aws.events.rule-name>"'}}, '"r"'),
    ],
)
def test_a_target_is_given_what_it_asks_for(target: dict[str, Any], given: str) -> None:
    assert target_input(_rule(""), target, EVENT, 0.0) == given


def test_a_path_that_leads_nowhere_gives_nothing() -> None:
    with pytest.raises(TransformFailed):
        target_input(_rule(""), {"InputPath": "$.detail.nothing"}, EVENT, 0.0)
