"""Places the states of a machine: boxes that do not overlap, and lines that go between them, from above to below.

What is inside of a Parallel or Map state is placed first; the state is a box around it. Lines bend between the layers only, and are
straight within one, where each has a column of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlsystem.console.graph.layers import Cell, Layers, Route, arrange, neighbours
from mlsystem.console.graph.machine import Edge, Kind, Machine, Node

WIDTH, HEIGHT = 162.0, 58.0
COLUMN_GAP, ROW_GAP = 16.0, 34.0
PADDING, HEADER = 12.0, 40.0
LANE = 10.0  # the width of a line's own column
ROUNDS = 6
WEIGHTS = {Kind.NEXT: 8.0, Kind.CHOICE: 3.0, Kind.DEFAULT: 3.0, Kind.CATCH: 0.01}
NO_PULL = 0.005
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """`x` and `y` of its upper left corner. `is_group`: others lie in it, below its header."""

    name: str
    type: str
    x: float
    y: float
    width: float
    height: float
    is_group: bool = False


@dataclass(frozen=True)
class Line:
    """`points`: where it bends; in pairs of layers it goes straight, then over to the next. The last one has the arrow."""

    edge: Edge
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        """For an SVG: curves between the layers."""
        (x, y), *rest = self.points
        said = [f"M{x:.1f} {y:.1f}"]
        for to_x, to_y in rest:
            middle = (y + to_y) / 2
            straight = f"L{to_x:.1f} {to_y:.1f}"
            curve = f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
            said.append(straight if abs(x - to_x) < 0.05 else curve)
            x, y = to_x, to_y
        return "".join(said)


@dataclass(frozen=True)
class Picture:
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    def moved(self, x: float, y: float) -> Picture:
        boxes = tuple(replace(box, x=box.x + x, y=box.y + y) for box in self.boxes)
        lines = tuple(Line(line.edge, tuple((px + x, py + y) for px, py in line.points)) for line in self.lines)
        return Picture(self.width, self.height, boxes, lines)


def layout(machine: Machine) -> Picture:
    """Groups come before what lies in them."""
    if not machine.nodes:
        return Picture(WIDTH, HEIGHT, (), ())
    inner = {node.name: _group(node) for node in machine.nodes if node.inner}
    edges = sorted(machine.edges, key=lambda edge: list(Kind).index(edge.kind))
    # Of several edges between the same two, the weightiest is drawn.
    drawn = {(edge.source, edge.target): edge for edge in reversed(edges)}
    layers = arrange(machine.start, [node.name for node in machine.nodes], [(one.source, one.target) for one in edges])
    plan = _plan(layers, {node.name: _size(inner.get(node.name)) for node in machine.nodes}, drawn)
    boxes: list[Box] = []
    lines = [plan.line(route, drawn[route.source, route.target]) for route in layers.routes]
    for node in machine.nodes:
        box = plan.box(node, node.name in inner)
        boxes.append(box)
        if node.name in inner:
            within = inner[node.name].moved(box.x, box.y + HEADER)
            boxes += within.boxes
            lines += within.lines
    return Picture(plan.width, plan.bottoms[-1], tuple(boxes), tuple(lines))


@dataclass(frozen=True)
class _Plan:
    """Where cells are: `centers` across, their layers from `tops` to `bottoms`."""

    sizes: Mapping[str, tuple[float, float]]
    centers: Mapping[Cell, float]
    level: Mapping[Cell, int]
    tops: Sequence[float]
    bottoms: Sequence[float]
    width: float

    def box(self, node: Node, is_group: bool) -> Box:
        cell, (width, height) = (node.name, -1), self.sizes[node.name]
        left, top = self.centers[cell] - width / 2, self.tops[self.level[cell]]
        return Box(node.name, node.type, left, top, width, height, is_group)

    def line(self, route: Route, edge: Edge) -> Line:
        """Out of the upper node, straight to the end of its layer, over to the next, and so on."""
        points: list[Point] = []
        for cell in route.cells[:-1]:
            level = self.level[cell]
            begin = self.tops[level] + (self.sizes[cell[0]][1] if cell[0] else 0.0)
            points += [(self.centers[cell], begin), (self.centers[cell], self.bottoms[level])]
        last = route.cells[-1]
        points.append((self.centers[last], self.tops[self.level[last]]))
        if route.is_back:
            points.reverse()
        return Line(edge, tuple(dict.fromkeys(points)))


def _plan(layers: Layers, sizes: Mapping[str, tuple[float, float]], drawn: Mapping[tuple[str, str], Edge]) -> _Plan:
    widths = {cell: sizes[cell[0]][0] if cell[0] else LANE for row in layers.rows for cell in row}
    centers = _centers(layers, widths, drawn)
    level = {cell: number for number, row in enumerate(layers.rows) for cell in row}
    whole = max(center + widths[cell] / 2 for cell, center in centers.items())
    return _Plan(sizes, centers, level, *_levels(layers, sizes), whole)


def _group(node: Node) -> Picture:
    """What lies in a node, side by side, below its header."""
    boxes: list[Box] = []
    lines: list[Line] = []
    x = PADDING
    placed = [layout(machine) for machine in node.inner]
    for picture in placed:
        moved = picture.moved(x, 0.0)
        boxes += moved.boxes
        lines += moved.lines
        x += picture.width + COLUMN_GAP
    height = max(picture.height for picture in placed)
    return Picture(max(x - COLUMN_GAP + PADDING, WIDTH), height + PADDING, tuple(boxes), tuple(lines))


def _size(inner: Picture | None) -> tuple[float, float]:
    return (WIDTH, HEIGHT) if inner is None else (inner.width, HEADER + inner.height)


def _levels(layers: Layers, sizes: Mapping[str, tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Where each layer begins and ends."""
    tops, bottoms, y = [], [], 0.0
    for row in layers.rows:
        tops.append(y)
        bottoms.append(y + max((sizes[name][1] for name, _ in row if name), default=0.0))
        y = bottoms[-1] + ROW_GAP
    return tops, bottoms


def _centers(layers: Layers, widths: Mapping[Cell, float], drawn: Mapping[tuple[str, str], Edge]) -> dict[Cell, float]:
    """Each cell as near to those that it is joined with as its layer's order lets it, looking up and down in turns."""
    pull: dict[tuple[Cell, Cell], float] = {}
    for route in layers.routes:
        for upper, lower in zip(route.cells, route.cells[1:], strict=False):
            pull[upper, lower] = pull[lower, upper] = WEIGHTS[drawn[route.source, route.target].kind]
    centers: dict[Cell, float] = {}
    for row in layers.rows:
        centers.update(zip(row, _apart(row, widths, [0.0] * len(row), [1.0] * len(row)), strict=True))
    above, below = neighbours(layers.routes)
    for turn in range(ROUNDS):
        joined, rows = (above, layers.rows) if turn % 2 == 0 else (below, layers.rows[::-1])
        for row in rows:
            wishes = [_wish(cell, joined.get(cell, ()), centers, pull) for cell in row]
            placed = _apart(row, widths, [wish for wish, _ in wishes], [weight for _, weight in wishes])
            centers.update(zip(row, placed, strict=True))
    left = min(center - widths[cell] / 2 for cell, center in centers.items())
    return {cell: center - left for cell, center in centers.items()}


def _wish(
    cell: Cell, others: Sequence[Cell], centers: Mapping[Cell, float], pull: Mapping[tuple[Cell, Cell], float]
) -> tuple[float, float]:
    """Where a cell would be best, and how much it matters."""
    weight = sum(pull[cell, other] for other in others)
    if not weight:
        return centers[cell], NO_PULL
    return sum(centers[other] * pull[cell, other] for other in others) / weight, weight


def _apart(
    row: Sequence[Cell], widths: Mapping[Cell, float], wished: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """The places nearest to those that are wished for at which cells in this order do not touch: weighted isotonic regression."""
    offsets = [0.0]
    for left, right in itertools.pairwise(row):
        offsets.append(offsets[-1] + (widths[left] + widths[right]) / 2 + COLUMN_GAP)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, number of cells
    for wish, offset, weight in zip(wished, offsets, weights, strict=True):
        mean, whole, count = wish - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, others = blocks.pop()
            mean = (mean * whole + other * more) / (whole + more)
            whole, count = whole + more, count + others
        blocks.append((mean, whole, count))
    flat = [mean for mean, _, count in blocks for _ in range(count)]
    return [place + offset for place, offset in zip(flat, offsets, strict=True)]
