"""Whether the system may train anew by itself. Pure: what is known, and the reason of a refusal or none.

Drift that lasts raises its alarm again and again; without these guards each of them would cost a training, on the same data for ever.
Time is that of the event, so that an event that comes twice is decided in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Limits:
    """The section `retraining` of mlsystem.yaml, as far as it refuses."""

    cool_down: timedelta
    runs_per_month: int
    minimum_rows: int


@dataclass(frozen=True)
class Found:
    """What there was to train on, and where it was looked for."""

    captured: int
    labels: int
    rows: int
    capture: str
    ground_truth: str
    since: datetime
    unreadable: int = 0


def refused_by_time(limits: Limits, now: datetime, started: Sequence[datetime]) -> str | None:
    """`started`: when retrainings began that this system has started by itself, of this month and of the cool-down at least."""
    before = [one for one in started if one <= now]
    if before and now - max(before) < limits.cool_down:
        return (
            f"cool-down: the last retraining started at {_minute(max(before))}, and the next one may at "
            f"{_minute(max(before) + limits.cool_down)}"
        )
    this_month = [one for one in before if (one.year, one.month) == (now.year, now.month)]
    if len(this_month) >= limits.runs_per_month:
        return f"budget: {len(this_month)} retrainings have started this month, and runs_per_month is {limits.runs_per_month}"
    return None


def refused_as_under_way(event: str, execution: str) -> str:
    """`execution`: it is not through with the data that the retraining of this event was given."""
    return (
        f"under way: execution {execution} trains on the data of the retraining of event {event}, or waits for a person to decide; "
        "another one beside it would be judged against the model that is about to go"
    )


def refused_for_labels(limits: Limits, found: Found) -> str | None:
    if found.rows >= limits.minimum_rows:
        return None
    return (
        f"labels missing: {found.rows} labelled rows, and minimum_rows is {limits.minimum_rows}. "
        f"{found.captured} requests were captured at {found.capture} since {_minute(found.since)}; "
        f"{found.labels} labels of that time were found at {found.ground_truth}"
        + (f"; {found.unreadable} lines or rows could not be read" if found.unreadable else "")
    )


def refused_as_same(digest: str, trained_by: str | None) -> str | None:
    """`trained_by`: the event whose retraining had exactly this data."""
    if trained_by is None:
        return None
    return f"same data: what it would train on ({digest[:12]}) is what the retraining of event {trained_by} was given"


def refused_as_same_version(version: str, execution: str | None) -> str | None:
    """Of the monthly run, where the settings ask for it."""
    if execution is None:
        return None
    return f"same data: version {version} of data-source.zip has been trained on by execution {execution}"


def kind_of(refusal: Mapping[str, Any]) -> str:
    """What a recorded refusal begins with: cool-down, budget, under way, labels missing, or same data."""
    return str(refusal["Reason"]).partition(":")[0]


def _minute(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")
