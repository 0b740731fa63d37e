"""The growths as tables in Markdown, and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import svg

NOTHING = "Nothing grows otherwise than it ought to."
Found = Mapping[str, Any]  # of a part, as Growth.as_json tells it


def markdown(growths: Mapping[str, Found], not_measured: Mapping[str, str]) -> str:
    parts = [line for part, found in growths.items() for line in _section(part, found)]
    parts += [f"\nNot measured: {part}: {why}." for part, why in not_measured.items()]
    return "\n".join(parts).lstrip("\n") + "\n"


def _section(part: str, found: Found) -> list[str]:
    head = [found["counted"], *(f"{int(size):,}" for size in found["points"]), "power"]
    rows = []
    for name, quantity in found["quantities"].items():
        title = f"{name}, {quantity['unit']}" if quantity["unit"] else name
        values = [f"{point[name]:,.10g}" for point in found["points"].values()]
        rows.append([title, *values, f"{found['powers'][name]:.2f}"])
    return [
        *("", f"### {part}", "", _line(head)),
        _line(["---", *["---:"] * (len(head) - 1)]),
        *map(_line, rows),
        *("", *(f"- {words}" for words in found["findings"] or [NOTHING])),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# ---------------------------------------------------------------------- the picture
WIDTH, PANEL, LEFT, TOP, INNER_WIDTH, INNER_HEIGHT = 860, 300, 60, 40, 420, 200
LEAST, MOST = 0.1, 10_000.0


def picture(growths: Mapping[str, Found]) -> str:
    """A panel for each part: quantities as so many times what they are at the smallest size; what is in proportion is dashed."""
    shown = {part: found for part, found in growths.items() if len(found["points"]) > 1}
    parts = [words for place, (part, found) in enumerate(shown.items()) for words in _panel(part, found, place * PANEL)]
    return svg.document(WIDTH, max(1, len(shown)) * PANEL, parts)


def _panel(part: str, found: Found, top: int) -> list[str]:
    sizes = [int(size) for size in found["points"]]
    ratios = {name: _ratios(found["points"], name) for name in found["quantities"]}
    every = [ratio for line in ratios.values() for ratio in line.values()]
    low, high = max(LEAST, min(every)), min(MOST, max(every))
    low, high = 10 ** math.floor(math.log10(low)), 10 ** max(1, math.ceil(math.log10(high)))

    def x(size: float) -> float:
        return LEFT + INNER_WIDTH * math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])

    def y(ratio: float) -> float:
        inside = min(max(ratio, low), high)
        return top + TOP + INNER_HEIGHT * (1 - math.log(inside / low) / math.log(high / low))

    title = f"{part}: times the value at {sizes[0]:,}"
    parts = [svg.text(LEFT, top + 22, title, size=14)]
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        parts += [
            svg.rule(LEFT, y(10**power), INNER_WIDTH),
            svg.text(LEFT - 8, y(10**power) + 4, f"{10.0**power:g}", "end"),
        ]
    parts += [svg.text(x(size), top + TOP + INNER_HEIGHT + 18, f"{size:,}", "middle") for size in sizes]
    parts.append(svg.text(LEFT, top + TOP + INNER_HEIGHT + 36, found["counted"]))
    parts.append(svg.curve(((x(size), y(size / sizes[0])) for size in sizes), svg.GRID, dashes="4 4"))
    for place, (name, line) in enumerate(ratios.items()):
        colour = svg.COLOURS[place % len(svg.COLOURS)]
        parts.append(svg.curve(((x(size), y(ratio)) for size, ratio in line.items()), colour))
        parts += svg.legend(LEFT + INNER_WIDTH + 40, top + TOP + 20 * place, name, colour)
    return parts


def _ratios(points: Mapping[str, Mapping[str, float]], name: str) -> dict[int, float]:
    first = next(iter(points.values()))[name] or 1.0
    return {int(size): point[name] / first for size, point in points.items()}
