"""Why an alarm is in its state, as CloudWatch writes it (StateReason, StateReasonData)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.alarm.point import Point
from mlsystem.engine.decide.alarm.rule import COMPARISONS, AlarmRule, MissingData, StateValue

INITIAL = "Unchecked: Initial alarm creation"
# From this many on, the data points come in a sentence of their own.
MANY = 5


def words(rule: AlarmRule, evaluated: Sequence[Point], state: StateValue) -> str:
    """StateReason."""
    real = [point for point in evaluated if point.value is not None]
    missing = len(evaluated) - len(real)
    if state is StateValue.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_counted(missing, 'datapoint')} {_was(missing)} unknown."
    if missing and rule.missing_data in {MissingData.BREACHING, MissingData.NOT_BREACHING}:
        return _of_missing(rule, len(real), missing)
    return _of_crossing(rule, real, state)


def data(rule: AlarmRule, evaluated: Sequence[Point], now: float) -> dict[str, Any]:
    """StateReasonData, before it becomes JSON."""
    real = [point for point in evaluated if point.value is not None]
    result: dict[str, Any] = {"version": "1.0", "queryDate": moment(now)}
    if real:
        result["startDate"] = moment(real[0].timestamp)
    if rule.unit is not None:
        result["unit"] = rule.unit
    if rule.statistic is not None:
        result["statistic"] = rule.statistic
    return {
        **result,
        "period": int(rule.period) if rule.period == int(rule.period) else rule.period,
        "recentDatapoints": [point.value for point in real],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [_evaluated(point) for point in reversed(evaluated)],
    }


def moment(timestamp: float) -> str:
    """`2022-11-08T11:26:05.399+0000`."""
    instant = datetime.fromtimestamp(timestamp, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}+0000"


def _of_missing(rule: AlarmRule, received: int, missing: int) -> str:
    total = received + missing
    treated = "Breaching" if rule.missing_data is MissingData.BREACHING else "NonBreaching"
    found = "no datapoints were" if received == 0 else f"{_counted(received, 'datapoint')} {_was(received)}"
    return (
        f"Threshold Crossed: {found} received for {_counted(total, 'period')} and {missing} missing"
        f" {_plural(missing, 'datapoint')} {_was(missing)} treated as [{treated}]."
    )


def _of_crossing(rule: AlarmRule, real: Sequence[Point], state: StateValue) -> str:
    is_alarm = state is StateValue.ALARM
    crossed = [point for point in reversed(real) if _breaches(rule, point) is is_alarm]
    least = rule.datapoints_to_alarm if is_alarm else rule.evaluation_periods - rule.datapoints_to_alarm + 1
    transition = "OK -> ALARM" if is_alarm else "ALARM -> OK"
    shown = "[" + ", ".join(_shown(point) for point in crossed[:MANY]) + "]"
    count = f"{len(crossed)} out of the last {_counted(rule.evaluation_periods, 'datapoint')}"
    relation = f"{'' if is_alarm else 'not '}{COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold})"
    minimum = f"(minimum {_counted(least, 'datapoint')} for {transition} transition)."
    if len(crossed) < MANY:
        return f"Threshold Crossed: {count} {shown} {_was(len(crossed))} {relation} {minimum}"
    return f"Threshold Crossed: {count} were {relation}. The most recent datapoints which crossed the threshold: {shown} {minimum}"


def _breaches(rule: AlarmRule, point: Point) -> bool:
    return point.value is not None and rule.is_breaching(point.value)


def _shown(point: Point) -> str:
    return f"{point.value} ({datetime.fromtimestamp(point.timestamp, UTC):%d/%m/%y %H:%M:%S})"


def _evaluated(point: Point) -> dict[str, Any]:
    result: dict[str, Any] = {"timestamp": moment(point.timestamp)}
    if point.sample_count is not None:
        result["sampleCount"] = point.sample_count
    if point.value is not None:
        result["value"] = point.value
    return result


def _counted(count: int, noun: str) -> str:
    return f"{count} {_plural(count, noun)}"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
