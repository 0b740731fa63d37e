"""Puts the nodes of a graph into layers, so that edges lead down, and into an order in which few of them cross.

An edge over several layers goes through a place of its own in each between, so that it never crosses a node. After Sugiyama, Tagawa and
Toda, "Methods for visual understanding of hierarchical system structures", 1981.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 8
Cell = tuple[str, int]  # a node, or the place of an edge in a layer: (its name, -1) or ("", a number)


@dataclass(frozen=True)
class Route:
    """The cells that an edge goes through, from above to below; `is_back`: the edge itself leads up."""

    source: str
    target: str
    cells: tuple[Cell, ...]
    is_back: bool


@dataclass(frozen=True)
class Layers:
    rows: tuple[tuple[Cell, ...], ...]
    routes: tuple[Route, ...]


def arrange(start: str, nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> Layers:
    """`edges` in the order of their weight: the first of a node leads straight on. An edge to itself is left out."""
    wanted = [edge for edge in dict.fromkeys(edges) if edge[0] != edge[1]]
    order, back = _visit(start, nodes, wanted)
    down = [(target, source) if (source, target) in back else (source, target) for source, target in wanted]
    depth = _depths(nodes, down)
    rows: list[list[Cell]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sorted(nodes, key=lambda one: order[one]):
        rows[depth[name]].append((name, -1))
    routes, number = [], 0
    for (source, target), (upper, lower) in zip(wanted, down, strict=True):
        cells: list[Cell] = [(upper, -1)]
        for level in range(depth[upper] + 1, depth[lower]):
            cells.append(("", number))
            rows[level].append(("", number))
            number += 1
        routes.append(Route(source, target, (*cells, (lower, -1)), (source, target) in back))
    return Layers(_ordered(rows, routes), tuple(routes))


def _visit(
    start: str, nodes: Sequence[str], edges: Sequence[tuple[str, str]]
) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """The order in which nodes are met from the start on, and the edges that lead back to one that is not left yet."""
    leads = defaultdict(list)
    for source, target in edges:
        leads[source].append(target)
    order: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for root in (start, *nodes):
        if root in order or root not in nodes:
            continue
        order[root] = len(order)
        path, rest = [root], {root: iter(leads[root])}
        while path:
            target = next(rest[path[-1]], "")
            if not target:
                del rest[path.pop()]
            elif target in rest:
                back.add((path[-1], target))
            elif target not in order:
                order[target] = len(order)
                path.append(target)
                rest[target] = iter(leads[target])
    return order, back


def _depths(nodes: Sequence[str], down: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Each node below all that lead to it."""
    above, leads = dict.fromkeys(nodes, 0), defaultdict(list)
    for upper, lower in down:
        above[lower] += 1
        leads[upper].append(lower)
    depth = dict.fromkeys(nodes, 0)
    ready = [name for name in nodes if not above[name]]
    while ready:
        name = ready.pop()
        for lower in leads[name]:
            depth[lower] = max(depth[lower], depth[name] + 1)
            above[lower] -= 1
            if not above[lower]:
                ready.append(lower)
    return depth


def _ordered(rows: list[list[Cell]], routes: Sequence[Route]) -> tuple[tuple[Cell, ...], ...]:
    """Each cell near to the middle of those that it is joined with, looking down and up in turns."""
    above, below = neighbours(routes)
    for sweep in range(SWEEPS):
        levels = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        joined, step = (above, -1) if sweep % 2 == 0 else (below, 1)
        for level in levels:
            place = {cell: number for number, cell in enumerate(rows[level + step])}
            own = {cell: number for number, cell in enumerate(rows[level])}
            rows[level].sort(key=lambda cell: (_middle(joined, cell, place, own), own[cell]))
    return tuple(map(tuple, rows))


def _middle(
    joined: Mapping[Cell, Sequence[Cell]], cell: Cell, place: Mapping[Cell, int], own: Mapping[Cell, int]
) -> float:
    found = [place[other] for other in joined.get(cell, ())]
    return sum(found) / len(found) if found else float(own[cell])


def neighbours(routes: Sequence[Route]) -> tuple[dict[Cell, list[Cell]], dict[Cell, list[Cell]]]:
    """The cells above each cell, and those below."""
    above: dict[Cell, list[Cell]] = defaultdict(list)
    below: dict[Cell, list[Cell]] = defaultdict(list)
    for route in routes:
        for upper, lower in zip(route.cells, route.cells[1:], strict=False):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below
