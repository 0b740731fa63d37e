"""In the picture of a workflow no state covers another, and every line goes between the states, from above to below."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from mlsystem.console.graph.layout import Box, Line, Picture, layout
from mlsystem.console.graph.machine import Edge, Kind, Machine, Node, read

WORKFLOW = Path(__file__).parents[4] / "project" / "model" / "workflow.asl.json"
TOUCH = 0.01


@some.composite
def machines(draw: some.DrawFn, depth: int = 1, prefix: str = "s") -> Machine:
    names = [f"{prefix}{number}" for number in range(draw(some.integers(1, 9)))]
    pairs = some.tuples(some.sampled_from(names), some.sampled_from(names), some.sampled_from(list(Kind)))
    edges = [Edge(*pair) for pair in draw(some.lists(pairs, max_size=16))]
    nodes = []
    for name in names:
        branches = draw(some.integers(0, 2)) if depth else 0
        inner = tuple(draw(machines(depth - 1, f"{name}-{branch}-")) for branch in range(branches))
        nodes.append(Node(name, "Parallel" if inner else "Task", inner))
    return Machine(names[0], tuple(nodes), tuple(edges))


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x + TOUCH < other.x + other.width
        and other.x + TOUCH < one.x + one.width
        and one.y + TOUCH < other.y + other.height
        and other.y + TOUCH < one.y + one.height
    )


def holds(group: Box, box: Box) -> bool:
    return (
        group.is_group
        and group.x <= box.x
        and group.y <= box.y
        and box.x + box.width <= group.x + group.width + TOUCH
        and box.y + box.height <= group.y + group.height + TOUCH
    )


def crosses(line: Line, box: Box) -> bool:
    """A curve never leaves the rectangle of its two ends, and between layers there is no box."""
    for (x, y), (to_x, to_y) in zip(line.points, line.points[1:], strict=False):
        left, right, top, bottom = min(x, to_x), max(x, to_x), min(y, to_y), max(y, to_y)
        across = left + TOUCH < box.x + box.width and box.x + TOUCH < right + 2 * TOUCH
        if across and top + TOUCH < box.y + box.height and box.y + TOUCH < bottom:
            return True
    return False


def check(picture: Picture) -> None:
    for one, other in combinations(picture.boxes, 2):
        assert not overlap(one, other) or holds(one, other) or holds(other, one), (one, other)
    by_name = {box.name: box for box in picture.boxes}
    for box in picture.boxes:
        assert box.x >= -TOUCH and box.x + box.width <= picture.width + TOUCH
        assert box.y >= -TOUCH and box.y + box.height <= picture.height + TOUCH
    for line in picture.lines:
        ends = (by_name[line.edge.source], by_name[line.edge.target])
        around = [box for box in picture.boxes if all(holds(box, end) and box not in ends for end in ends)]
        others = [box for box in picture.boxes if box not in around and not any(holds(end, box) for end in ends)]
        assert not [box for box in others if box not in ends and crosses(line, box)], line


@given(machines())
def test_states_never_overlap_and_lines_never_cross_them(machine: Machine) -> None:
    check(layout(machine))


def test_the_project_s_own_workflow_is_drawn_so_too() -> None:
    picture = layout(read(json.loads(WORKFLOW.read_text())))
    check(picture)
    at = {box.name: box for box in picture.boxes}
    branches = ("Baseline Job", "Training Job", "Find Champion")
    assert len({at[name].y for name in branches}) == 1
    assert [at[name].x for name in branches] == sorted(at[name].x for name in branches)
    main = ("Training Job", "Save Model", "Model Evaluation Job", "Query Evaluation Results")
    assert max(at[name].x for name in main) - min(at[name].x for name in main) < 5


def test_an_edge_that_leads_back_is_drawn_upwards() -> None:
    nodes = (Node("Ask", "Task"), Node("Wait", "Wait"))
    edges = (Edge("Ask", "Wait", Kind.NEXT), Edge("Wait", "Ask", Kind.NEXT), Edge("Ask", "Ask", Kind.CHOICE))
    there, back = layout(Machine("Ask", nodes, edges)).lines
    assert there.points[0][1] < there.points[-1][1]
    assert back.points[0][1] > back.points[-1][1]


def test_an_empty_definition_is_an_empty_picture() -> None:
    assert layout(read({})).boxes == ()
