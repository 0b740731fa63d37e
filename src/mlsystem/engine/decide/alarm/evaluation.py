"""Evaluates an alarm: from the data points of its periods to its state.

CloudWatch looks at more periods than EvaluationPeriods, takes the most recent data points that exist, and fills in
missing ones only as far as it must. What is missing never outvotes what is there.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.decide.alarm import reason
from mlsystem.engine.decide.alarm.point import Point
from mlsystem.engine.decide.alarm.rule import AlarmRule, MissingData, StateValue
from mlsystem.engine.decide.alarm.statistic import is_percentile, needed_samples

# How many periods more than EvaluationPeriods are looked at, as in AWS's examples.
EXTRA_PERIODS = 2


@dataclass(frozen=True)
class Verdict:
    """The state of the alarm, and why: StateReason and StateReasonData."""

    state: StateValue
    reason: str
    reason_data: dict[str, Any]


def evaluation_range(rule: AlarmRule) -> int:
    """How many periods to hand to `evaluate`."""
    return rule.evaluation_periods + EXTRA_PERIODS


def period_starts(rule: AlarmRule, now: float) -> list[float]:
    """Starts of the periods of the evaluation range, oldest first; the last one has just ended at `now`."""
    end = math.floor(now / rule.period) * rule.period
    count = evaluation_range(rule)
    return [end - (count - position) * rule.period for position in range(count)]


def evaluate(rule: AlarmRule, points: Sequence[Point], now: float) -> Verdict | None:
    """The verdict on the points of the evaluation range, oldest first; None: the state stays what it is.

    `now` is only told, in StateReasonData.
    """
    real = [point for point in points if point.value is not None]
    evaluated = (real if len(real) >= rule.evaluation_periods else _filled(points, rule))[-rule.evaluation_periods :]
    if _has_too_few_samples(rule, evaluated):
        return None
    state = _decide(rule, points, evaluated)
    if state is None:
        return None
    words = reason.words(rule, evaluated, state)
    return Verdict(state, words, reason.data(rule, evaluated, now))


def _filled(points: Sequence[Point], rule: AlarmRule) -> list[Point]:
    """All real points, and as many of the most recent missing ones as EvaluationPeriods wants."""
    missing = [point for point in points if point.value is None]
    wanted = rule.evaluation_periods - (len(points) - len(missing))
    chosen = {point.timestamp for point in missing[len(missing) - wanted :]}
    return [point for point in points if point.value is not None or point.timestamp in chosen]


def _decide(rule: AlarmRule, points: Sequence[Point], evaluated: list[Point]) -> StateValue | None:
    values = [point.value for point in evaluated if point.value is not None]
    breaching = sum(rule.is_breaching(value) for value in values)
    missing = len(evaluated) - len(values)
    if rule.missing_data is MissingData.BREACHING:
        breaching += missing
    if breaching >= rule.datapoints_to_alarm:
        return StateValue.ALARM
    if not missing or rule.missing_data in {MissingData.BREACHING, MissingData.NOT_BREACHING}:
        return StateValue.OK
    if not values:
        return None if rule.missing_data is MissingData.IGNORE else StateValue.INSUFFICIENT_DATA
    if breaching < len(values):
        return StateValue.OK
    return _with_breaches_only(rule, points)


def _with_breaches_only(rule: AlarmRule, points: Sequence[Point]) -> StateValue | None:
    """All that is there breaches, but there is less of it than DatapointsToAlarm.

    A breach that is old enough has had its chance to be followed by others; before that the state waits.
    """
    if rule.missing_data is MissingData.IGNORE:
        return None
    oldest = next(position for position, point in enumerate(points) if point.value is not None)
    age = len(points) - oldest
    return StateValue.ALARM if age >= rule.datapoints_to_alarm else None


def _has_too_few_samples(rule: AlarmRule, evaluated: list[Point]) -> bool:
    if not rule.ignores_low_samples or rule.statistic is None or not is_percentile(rule.statistic):
        return False
    needed = needed_samples(rule.statistic)
    counts = [point.sample_count for point in evaluated if point.value is not None]
    return any(count is not None and count < needed for count in counts)
