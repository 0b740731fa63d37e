"""A state machine as a picture: its states from top to bottom, and in colour what happened to each in an execution.

A state stands below all that lead to it; the branches of a Parallel state stand side by side in a frame. Fail states that were not reached
are left out, as every task has one for its errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

WIDTH, HEIGHT, GAP = 3.0, 0.9, 0.7
COLOURS = {
    "succeeded": "#9fd49f",
    "failed": "#f2a0a0",
    "caught": "#f5cf8e",
    "running": "#a8c8f0",
    "not reached": "#eeeeee",
}
FAILED = (
    "TaskFailed",
    "TaskTimedOut",
    "TaskSubmitFailed",
    "TaskStartFailed",
    "ParallelStateFailed",
    "EvaluationFailed",
)


def happened(history: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What became of each state that was entered, by the events of GetExecutionHistory in their order."""
    events = {event["id"]: event for event in history}
    states: dict[str, str] = {}
    for event in events.values():
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            states[name] = "failed" if event["type"] == "FailStateEntered" else "running"
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            states[name] = "caught" if states.get(name) == "failed" else "succeeded"
        elif event["type"] == "TaskScheduled":  # for the first time, or again
            states[_state_of(event, events)] = "running"
        elif event["type"] in FAILED:
            states[_state_of(event, events)] = "failed"
        elif event["type"] == "ExecutionFailed":
            states = {name: "failed" if state == "running" else state for name, state in states.items()}
    return states


def _state_of(event: Mapping[str, Any], events: Mapping[int, Mapping[str, Any]]) -> str:
    """The state that an event belongs to: the one that was entered last on its way."""
    while "stateEnteredEventDetails" not in event:
        event = events[event["previousEventId"]]
    return str(event["stateEnteredEventDetails"]["name"])


@dataclass
class Block:
    """A part of the picture and the place of its top left corner; `inner` are the branches of a Parallel state."""

    name: str
    width: float = WIDTH
    height: float = HEIGHT
    x: float = 0.0
    y: float = 0.0
    inner: list[list[Block]] = field(default_factory=list)


def draw(definition: Mapping[str, Any], states: Mapping[str, str]) -> Figure:
    """For pyplot to show. `states` are those of `happened`."""
    blocks, width, height = _placed(definition, states)
    figure = plt.figure(figsize=(max(width, 6) * 0.85, height * 0.75))
    axes = figure.subplots()
    axes.set_xlim(-GAP, width + GAP)
    axes.set_ylim(height + GAP, -GAP)
    axes.axis("off")
    _draw_blocks(axes, definition, blocks, states)
    present = [state for state in COLOURS if state == "not reached" or state in states.values()]
    axes.legend(handles=[Patch(color=COLOURS[state], label=state) for state in present], loc="upper right")
    return figure


def _placed(machine: Mapping[str, Any], states: Mapping[str, str]) -> tuple[list[Block], float, float]:
    """The blocks of a machine with its top left corner at 0, and its width and height."""
    shown = {name: one for name, one in machine["States"].items() if one["Type"] != "Fail" or name in states}
    levels = _levels(machine["StartAt"], shown)
    blocks, y, width = [], 0.0, 0.0
    for level in range(max(levels.values()) + 1):
        row = [_block(name, shown[name], states) for name in shown if levels[name] == level]
        x = 0.0
        for block in row:
            _move(block, x, y)
            x += block.width + GAP
        width, y = max(width, x - GAP), y + max(block.height for block in row) + GAP
        blocks += row
    return blocks, width, y - GAP


def _block(name: str, state: Mapping[str, Any], states: Mapping[str, str]) -> Block:
    if "Branches" not in state:
        return Block(name)
    block, x, height = Block(name), GAP / 2, 0.0
    for branch in state["Branches"]:
        blocks, width, tall = _placed(branch, states)
        for inner in blocks:
            _move(inner, x, GAP)
        block.inner.append(blocks)
        x, height = x + width + GAP, max(height, tall)
    block.width, block.height = x - GAP / 2, height + 1.5 * GAP
    return block


def _move(block: Block, x: float, y: float) -> None:
    block.x, block.y = block.x + x, block.y + y
    for inner in (one for branch in block.inner for one in branch):
        _move(inner, x, y)


def _levels(start: str, shown: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How far below the first state each is: below all that lead to it. A way back up, such as a loop's, does not count."""
    levels: dict[str, int] = {}

    def visit(name: str, level: int, way: tuple[str, ...]) -> None:
        if name in shown and name not in way and level >= levels.get(name, 0):
            levels[name] = level
            for target in successors(shown[name]):
                visit(target, level + 1, (*way, name))

    visit(start, 0, ())
    return {name: levels.get(name, 0) for name in shown}


def successors(state: Mapping[str, Any]) -> Iterator[str]:
    """The names of all states that may come next."""
    ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    found = [way["Next"] for way in ways if "Next" in way] + [state[name] for name in ("Default",) if name in state]
    yield from dict.fromkeys(found)


def _draw_blocks(axes: Axes, machine: Mapping[str, Any], blocks: list[Block], states: Mapping[str, str]) -> None:
    places = {block.name: block for block in blocks}
    for block in blocks:
        _draw_block(axes, block, states.get(block.name, "not reached"))
        for branch, inner in zip(machine["States"][block.name].get("Branches", ()), block.inner, strict=True):
            _draw_blocks(axes, branch, inner, states)
        for target in successors(machine["States"][block.name]):
            if target in places:
                _draw_arrow(axes, block, places[target])


def _draw_block(axes: Axes, block: Block, state: str) -> None:
    colour = "none" if block.inner else COLOURS[state]
    edge = COLOURS[state] if block.inner and state != "not reached" else "#777777"
    box = FancyBboxPatch(
        (block.x, block.y), block.width, block.height, boxstyle="round,pad=0.05", facecolor=colour, edgecolor=edge
    )
    axes.add_patch(box)
    y = block.y + (GAP / 3 if block.inner else block.height / 2)
    axes.text(
        block.x + block.width / 2, y, fill(block.name, 60 if block.inner else 20), ha="center", va="center", size=9
    )


def _draw_arrow(axes: Axes, source: Block, target: Block) -> None:
    start = (source.x + min(source.width, WIDTH) / 2, source.y + source.height + 0.05)
    end = (target.x + min(target.width, WIDTH) / 2, target.y - 0.05)
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "#777777"})
