"""A deployment's steps say what traffic moves when, and where it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.client.traffic_plan import read_plan, steps_now

AT = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5}}
LINEAR = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 40, "linearInterval": 1}}


def test_a_plan_is_told_in_words_and_steps() -> None:
    assert read_plan("c", CANARY).words == "10 % for 5 minutes, then all"
    linear = read_plan("l", LINEAR)
    assert linear.words == "40 %, and 40 % more every 1 minute"
    assert [(step.minutes, step.share) for step in linear.steps] == [(0, 0.4), (1, 0.8), (2, 1.0)]
    assert read_plan("a", {}).words == "all at once"


def test_the_step_that_has_the_traffic_is_the_one_that_is_on() -> None:
    plan = read_plan("c", CANARY)
    found = steps_now(plan, AT, 10.0, 0.1, has_ended=False)
    assert [(one.state, one.at) for one in found] == [("now", AT), ("later", AT + timedelta(seconds=30))]
    assert [one.state for one in steps_now(plan, AT, 1.0, 1.0, has_ended=True)] == ["done", "done"]
    assert [one.state for one in steps_now(plan, AT, 1.0, 0.0, has_ended=True)] == ["later", "later"]
    assert [one.at for one in steps_now(plan, None, 1.0, None, has_ended=False)] == [None, None]
