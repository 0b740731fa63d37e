"""The few words of SVG that the benchmarks' pictures are made of."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

COLOURS = ("#b2182b", "#ef8a62", "#2166ac", "#1b7837", "#762a83", "#4d4d4d", "#01665e", "#c51b7d")
GRID = "#ddd"


def document(width: int, height: int, parts: Iterable[str], font_size: int = 12) -> str:
    """A white page with the parts on it."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
    lines = [f'{head} font-size="{font_size}">', f'<rect width="{width}" height="{height}" fill="white"/>', *parts]
    return "\n".join([*lines, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, anchor: str = "", size: int = 0) -> str:
    options = (f' font-size="{size}"' if size else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{_number(x)}" y="{_number(y)}"{options}>{escape(words)}</text>'


def rule(x: float, y: float, length: float) -> str:
    """A horizontal line of the grid."""
    return f'<path d="M{_number(x)} {_number(y)}h{_number(length)}" stroke="{GRID}"/>'


def curve(points: Iterable[tuple[float, float]], colour: str, dashes: str = "") -> str:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'


def legend(x: float, y: float, words: str, colour: str) -> list[str]:
    """A piece of the curve, and what it is."""
    stroke = f'<path d="M{_number(x)} {_number(y)}h20" stroke="{colour}" stroke-width="2"/>'
    return [stroke, text(x + 25, y + 4, words)]


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
