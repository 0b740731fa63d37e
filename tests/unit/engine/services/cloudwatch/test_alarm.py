"""Alarms: when they are evaluated, over which periods, and what follows from a change."""

from __future__ import annotations

from mlsystem.engine.decide.alarm import AlarmRule
from mlsystem.engine.durable.machine import Event, SetTimer, Step
from mlsystem.engine.services.cloudwatch.alarm import Alarm, AlarmMachine, next_evaluation, sliding_starts

TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
POLICY = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:1:resource/sagemaker/x:policyName/p"
NOON = 1_700_000_040.0  # a full minute


def _alarm(**definition: object) -> Alarm:
    metric = {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    return Alarm(
        key="a",
        state="OK",
        arn="arn:a",
        definition={**metric, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold", **definition},
        configured_at=0,
        told_at=0,
        state_since=0,
    )


def _verdict(state: str, generation: int = 1) -> Event:
    return Event("evaluated", {"generation": generation, "state": state, "reason": "r", "value": 3.0})


def _topics(step: Step[Alarm]) -> list[str]:
    return [notice.topic for notice in step.notices]


def test_a_period_is_evaluated_two_seconds_after_its_end() -> None:
    assert next_evaluation(60, 1, NOON) == NOON + 2
    assert next_evaluation(60, 1, NOON + 2) == NOON + 62


def test_a_long_period_is_evaluated_every_minute() -> None:
    assert next_evaluation(3600, 1, NOON + 3) == NOON + 62


def test_the_time_scale_shortens_interval_and_period_but_not_the_lateness() -> None:
    assert next_evaluation(60, 60, NOON + 2) == NOON + 3
    starts = sliding_starts(AlarmRule("GreaterThanThreshold", 0, 60), 60, NOON + 2)
    assert starts == [NOON - 3, NOON - 2, NOON - 1]


def test_an_interval_is_never_shorter_than_half_a_second() -> None:
    assert next_evaluation(60, 6000, NOON + 2) == NOON + 2.5


def test_long_periods_slide_by_the_minute() -> None:
    starts = sliding_starts(AlarmRule("GreaterThanThreshold", 0, 300), 1, NOON + 62)
    assert starts[-1] + 300 == NOON + 60


def test_a_timer_asks_for_an_evaluation_and_sets_itself_again() -> None:
    step = AlarmMachine(1).advance(_alarm(), Event("timer", {"period": 60}), NOON + 2)
    assert [action.name for action in step.actions] == ["cloudwatch.evaluate"]
    (timer,) = step.timers
    assert isinstance(timer, SetTimer)
    assert timer.at == NOON + 62


def test_a_change_tells_topics_rules_and_rooms() -> None:
    step = AlarmMachine(1).advance(_alarm(AlarmActions=[TOPIC], OKActions=["other"]), _verdict("ALARM"), NOON)
    assert step.record is not None
    assert step.record.state == "ALARM"
    assert [action.data["topic"] for action in step.actions] == [TOPIC]
    assert _topics(step) == ["cloudwatch.alarm.changed", "aws.event"]
    assert step.notices[0].data == {"name": "a", "arn": "arn:a", "state": "ALARM", "previous": "OK"}


def test_disabled_actions_are_not_done_but_the_change_is_told() -> None:
    alarm = _alarm(AlarmActions=[TOPIC, POLICY], ActionsEnabled=False)
    step = AlarmMachine(1).advance(alarm, _verdict("ALARM"), NOON)
    assert step.actions == ()
    assert _topics(step) == ["cloudwatch.alarm.changed", "aws.event"]


def test_a_verdict_on_an_older_definition_changes_nothing() -> None:
    step = AlarmMachine(1).advance(_alarm(), _verdict("ALARM", generation=0), NOON)
    assert step == Step(_alarm())


def test_a_scaling_policy_is_told_again_while_the_alarm_lasts() -> None:
    alarm = _alarm(AlarmActions=[POLICY])
    machine = AlarmMachine(1)
    first = machine.advance(alarm, _verdict("ALARM"), NOON)
    assert _topics(first)[-1] == "cloudwatch.alarm.scaling"
    assert first.record is not None
    again = machine.advance(first.record, _verdict("ALARM"), NOON + 60)
    assert _topics(again) == ["cloudwatch.alarm.scaling"]
    assert again.notices[0].data == {"alarm": "a", "policy": POLICY, "state": "ALARM", "value": 3.0}
