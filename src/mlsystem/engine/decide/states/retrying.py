"""Retry and Catch: which retrier or catcher an error belongs to, and how long to wait before the next attempt.

https://states-language.net/spec.html#errors and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlsystem.engine.decide.states import faults
from mlsystem.engine.decide.states.chance import Chance
from mlsystem.engine.decide.states.documents import Json, is_number
from mlsystem.engine.decide.states.faults import FaultList, StateFailure
from mlsystem.engine.decide.states.machine import Catcher, Retrier
from mlsystem.engine.decide.states.rules import MOST_SECONDS, Rule, number, text, whole

_MOST_DELAY_SECONDS = 31_622_400

_RETRIER: dict[str, Rule] = {
    "IntervalSeconds": whole(1, MOST_SECONDS),
    "MaxAttempts": whole(0, MOST_SECONDS),
    "BackoffRate": number(1.0),
    "MaxDelaySeconds": whole(1, _MOST_DELAY_SECONDS - 1),
    "Comment": text,
}
JITTER_STRATEGIES = ("FULL", "NONE")


def matches(names: Sequence[str], failure: StateFailure) -> bool:
    """Whether ErrorEquals names the failure.

    States.Runtime always ends the execution. States.ALL does not stand for States.DataLimitExceeded, nor does
    States.TaskFailed, which stands for everything but time-outs.
    """
    if failure.error == faults.RUNTIME:
        return False
    if failure.error in names or failure.also.intersection(names):
        return True
    if failure.error == faults.DATA_LIMIT_EXCEEDED:
        return False
    return faults.ALL in names or (faults.TASK_FAILED in names and failure.error != faults.TIMEOUT)


def retrier_for(retriers: Sequence[Retrier], failure: StateFailure) -> int | None:
    """The place of the first retrier that names the failure."""
    return next((place for place, one in enumerate(retriers) if matches(one.error_equals, failure)), None)


def catcher_for(catchers: Sequence[Catcher], failure: StateFailure) -> int | None:
    """The place of the first catcher that names the failure."""
    return next((place for place, one in enumerate(catchers) if matches(one.error_equals, failure)), None)


def delay_seconds(retrier: Retrier, attempts_before: int, chance: Chance) -> float:
    """How long to wait before the next attempt: the interval grows by the rate, up to the limit; full jitter takes a
    part of it."""
    limit = float("inf") if retrier.max_delay_seconds is None else retrier.max_delay_seconds
    # Beyond e^40 seconds the limit holds anyway, and a float would overflow.
    is_small = attempts_before * math.log(retrier.backoff_rate) < 40
    grown = retrier.interval_seconds * retrier.backoff_rate**attempts_before if is_small else limit
    delay = min(grown, limit, float(MOST_SECONDS))
    return delay * chance.fraction() if retrier.has_full_jitter else delay


def check_retry(value: Json, location: str, found: FaultList) -> None:
    for place, retrier in _each(value, location, found):
        here = f"{location}[{place}]"
        for name, item in retrier.items():
            if name in _RETRIER:
                _RETRIER[name](item, f"{here}/{name}", found)
            elif name not in ("ErrorEquals", "JitterStrategy"):
                found.schema(f"Field '{name}' is not supported", here)
        strategy = retrier.get("JitterStrategy", "NONE")
        if strategy not in JITTER_STRATEGIES:
            found.schema(f"JitterStrategy must be one of {list(JITTER_STRATEGIES)}", f"{here}/JitterStrategy")
        limit, interval = retrier.get("MaxDelaySeconds"), retrier.get("IntervalSeconds", 1)
        if is_number(limit) and is_number(interval) and limit <= interval:
            found.schema("MaxDelaySeconds must be greater than IntervalSeconds", here)


def check_error_equals(value: Json, location: str, found: FaultList) -> None:
    """ErrorEquals of each retrier or catcher in the array."""
    entries = list(_each(value, location, FaultList()))
    for place, entry in entries:
        names = entry.get("ErrorEquals")
        here = f"{location}[{place}]/ErrorEquals"
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            found.schema("ErrorEquals must be a non-empty array of strings", here)
        elif faults.ALL in names and (len(names) > 1 or place != len(value) - 1):
            found.schema(f"'{faults.ALL}' must stand alone, and in the last entry", here)


def _each(value: Json, location: str, found: FaultList) -> list[tuple[int, dict[str, Json]]]:
    if not isinstance(value, list):
        found.schema("Expected value of type Array", location)
        return []
    for place, entry in enumerate(value):
        if not isinstance(entry, dict):
            found.schema("Expected value of type Object", f"{location}[{place}]")
    return [(place, entry) for place, entry in enumerate(value) if isinstance(entry, dict)]
