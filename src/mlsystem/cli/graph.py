"""Dashboards in a terminal: each series is a line of blocks, with its last value and between what it moved.

Widgets of single values that follow each other share a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mlsystem.client.dashboard.filled import AlarmStates, Figures, Filled, Graph, Line, Words

LEAST_COLUMNS, MOST_COLUMNS = 12, 120
# What a line needs beside its blocks: borders, gaps, three figures, and as much of its label as a narrow screen has.
FIGURES, LONGEST_LABEL = 42, 24
NOTHING = "no data in this time"
BLOCKS = "▁▂▃▄▅▆▇█"
STATES = {"OK": "green", "ALARM": "bold red", "INSUFFICIENT_DATA": "yellow"}


def drawn(widgets: Iterable[Filled], since: datetime, now: datetime, width: int) -> Iterator[RenderableType]:
    """For a screen of so many columns."""
    figures: list[Figures] = []
    for widget in widgets:
        if isinstance(widget, Figures):
            figures.append(widget)
            continue
        yield from _frame(figures)
        figures = []
        yield _drawn(widget, since, now, width)
    yield from _frame(figures)


def _frame(figures: Sequence[Figures]) -> Iterator[RenderableType]:
    if figures:
        yield Panel(_figures(figures), title="Now", title_align="left")


def _drawn(widget: Graph | AlarmStates | Words, since: datetime, now: datetime, width: int) -> RenderableType:
    match widget:
        case Graph():
            return Panel(_graph(widget, since, now, width), title=widget.title, title_align="left")
        case AlarmStates():
            return Panel(_alarms(widget), title=widget.title, title_align="left")
        case Words():
            return Markdown(widget.markdown)


def _graph(graph: Graph, since: datetime, now: datetime, width: int) -> RenderableType:
    lines = [line for line in graph.lines if line.values]
    if not lines:
        return Text(NOTHING, style="dim")
    table = Table(box=None, pad_edge=False, show_header=True)
    label = min(max(LONGEST_LABEL, width // 4), max(len(line.label) for line in lines))
    columns = max(LEAST_COLUMNS, min(MOST_COLUMNS, width - label - FIGURES))
    table.add_column("", width=label, overflow="fold")
    table.add_column(f"{since.astimezone():%H:%M} … {now.astimezone():%H:%M}", width=columns, no_wrap=True)
    for column in ("last", "least", "most"):
        table.add_column(column, justify="right", min_width=9, no_wrap=True)
    low = min(0.0, *(min(line.values) for line in lines))
    high = max(max(line.values) for line in lines)
    for line in lines:
        figures = (f"{value:.4g}" for value in (line.values[-1], min(line.values), max(line.values)))
        table.add_row(line.label, Text(spark(line, since, now, low, high, columns), style="cyan"), *figures)
    return table


def _figures(widgets: Sequence[Figures]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", min_width=9, style="bold", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for widget in widgets:
        lines = [line for line in widget.lines if line.values]
        if not lines:
            table.add_row(widget.title, "", NOTHING)
        for line in lines:
            table.add_row(widget.title, f"{line.values[-1]:.4g}", f"{line.label} at {line.at[-1].astimezone():%H:%M}")
    return table


def spark(line: Line, since: datetime, now: datetime, low: float, high: float, columns: int) -> str:
    """One block a stretch of time, as high as the largest value in it between `low` and `high`; a blank where there is none."""
    found: dict[int, float] = {}
    span = (now - since).total_seconds()
    for at, value in zip(line.at, line.values, strict=True):
        place = min(columns - 1, max(0, int((at - since).total_seconds() / span * columns)))
        found[place] = max(value, found.get(place, value))
    blocks = (BLOCKS[_level(found[place], low, high)] if place in found else " " for place in range(columns))
    return "".join(blocks)


def _level(value: float, low: float, high: float) -> int:
    return min(len(BLOCKS) - 1, int((value - low) / (high - low) * len(BLOCKS))) if high > low else 0


def _alarms(widget: AlarmStates) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, state in widget.states.items():
        table.add_row(name, Text(state or "is not there", style=STATES.get(state or "", "dim")))
    return table
