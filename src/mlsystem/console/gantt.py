"""When the actions of an execution ran, as bars side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlsystem.client.pipeline import ActionView

THINNEST = 0.6  # percent: what takes no time is seen all the same


@dataclass(frozen=True)
class Row:
    """`left` and `width` in percent of the whole execution; `seconds` until now while it runs."""

    stage: str
    name: str
    run: ActionView
    left: float
    width: float
    seconds: float


def gantt(runs: Sequence[ActionView], now: datetime) -> list[Row]:
    """In the order of the actions. Those that have not ended last until now."""
    spans = [(run, *_span(run, now)) for run in runs if run.started is not None]
    if not spans:
        return []
    first, last = min(begin for _, begin, _ in spans), max(end for _, _, end in spans)
    whole = max((last - first).total_seconds(), 0.001)
    rows = []
    for run, begin, end in spans:
        stage, _, name = run.name.partition("/")
        seconds = (end - begin).total_seconds()
        left = min(100 * (begin - first).total_seconds() / whole, 100 - THINNEST)
        width = min(max(100 * seconds / whole, THINNEST), 100 - left)
        rows.append(Row(stage, name, run, round(left, 2), round(width, 2), seconds))
    return rows


def _span(run: ActionView, now: datetime) -> tuple[datetime, datetime]:
    begin = run.started or now
    return begin, max(begin, now) if run.status == "InProgress" else begin + timedelta(seconds=run.seconds or 0.0)
