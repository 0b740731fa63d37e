"""The charts of one feature, baseline against now: a histogram for numbers, bars for categories.

The baseline is a grey area and now a coloured outline: they differ in shape, so that neither colour nor print matters.
Whoever cannot see the chart is told what it shows by its label.
"""

from collections.abc import Sequence

from mlsystem.monitor.report.category_shares import CategoryShare, CategoryShares
from mlsystem.monitor.report.element import Element, element
from mlsystem.monitor.report.number_shares import Bin, NumberShares
from mlsystem.monitor.report.numerals import numeral, percent

WIDTH = 360
_LEFT, _RIGHT, _TOP, _BASE, _HEIGHT = 6.0, 354.0, 18.0, 126.0, 146
_TICKS = 5
_ROW, _LABEL, _BARS = 30, 104.0, 196.0
_LABEL_LENGTH = 16


def histogram(numbers: NumberShares, label: str) -> Element:
    """The shares of the bins of both sides."""
    bins = numbers.bins
    top = max((max(one.before, one.now) for one in bins), default=0.0) or 1.0
    width = (_RIGHT - _LEFT) / max(1, len(bins))
    bars = _pairs(bins, width, top) if numbers.are_alone else _areas(bins, width, top)
    ticks = _ticks_of_numbers(bins, width) if numbers.are_alone else _ticks_of_bounds(bins, width)
    scale = element("text", f"{percent(top)} of the values", x=f"{_LEFT}", y="11", class_="tick")
    top_line = _line(_LEFT, _TOP, _RIGHT, _TOP, "grid")
    return _chart(_HEIGHT, label, top_line, scale, *bars, _line(_LEFT, _BASE, _RIGHT, _BASE, "axis"), *ticks)


def category_bars(categories: CategoryShares, label: str) -> Element:
    """The shares of the most frequent categories of both sides, and of all others together."""
    rows = list(categories.shares)
    if max(categories.other.before, categories.other.now) > 1e-9:
        rows.append(categories.other)
    top = max((max(row.before, row.now) for row in rows), default=0.0) or 1.0
    drawn = [child for place, row in enumerate(rows) for child in _category(row, place * _ROW, top)]
    return _chart(_ROW * len(rows), label, *drawn)


def _chart(height: int, label: str, *children: Element) -> Element:
    return element("svg", *children, class_="chart", viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=label)


def _areas(bins: Sequence[Bin], width: float, top: float) -> list[Element]:
    """The baseline as an area without gaps, now as the outline of one."""
    before, now = (_steps([_y(share, top) for share in shares], width) for shares in _sides(bins))
    return [element("path", d=f"{before}Z", class_="before"), element("path", d=now, class_="now")]


def _sides(bins: Sequence[Bin]) -> tuple[list[float], list[float]]:
    return [one.before for one in bins], [one.now for one in bins]


def _steps(heights: Sequence[float], width: float) -> str:
    steps = "".join(f"V{y:.1f}H{_LEFT + width * (place + 1):.1f}" for place, y in enumerate(heights))
    return f"M{_LEFT:.1f} {_BASE:.1f}{steps}V{_BASE:.1f}"


def _pairs(bins: Sequence[Bin], width: float, top: float) -> list[Element]:
    """Two bars side by side for each number."""
    bar = min(width * 0.38, 26.0)
    drawn = []
    for place, one in enumerate(bins):
        middle = _LEFT + width * (place + 0.5)
        for x, share, name in ((middle - bar, one.before, "before"), (middle, one.now, "now")):
            y = _y(share, top)
            drawn.append(_bar(x, y, bar, _BASE - y, name))
    return drawn


def _ticks_of_numbers(bins: Sequence[Bin], width: float) -> list[Element]:
    spread = bins[-1].lower - bins[0].lower if bins else 0.0
    every = -(-len(bins) // _TICKS) if len(bins) > 8 else 1
    places = range(0, len(bins), every)
    return [_tick(_LEFT + width * (place + 0.5), numeral(bins[place].lower, spread)) for place in places]


def _ticks_of_bounds(bins: Sequence[Bin], width: float) -> list[Element]:
    """The bounds between some bins; those at the ends are no bounds of anything, as the outermost bins are open."""
    inner = list(range(1, len(bins)))
    spread = bins[-1].lower - bins[0].upper if len(bins) > 2 else 0.0
    every = max(1, round(len(inner) / _TICKS))
    chosen = inner[(len(inner) - 1) % every // 2 :: every]
    return [_tick(_LEFT + width * place, numeral(bins[place].lower, spread)) for place in chosen]


def _tick(x: float, text: str) -> Element:
    return element("text", text, x=f"{x:.1f}", y=f"{_BASE + 14:.0f}", class_="tick middle")


def _category(row: CategoryShare, y: int, top: float) -> list[Element]:
    full = row.value or "all others"
    shown = full if len(full) <= _LABEL_LENGTH else full[: _LABEL_LENGTH - 1] + "…"
    name = element("text", shown, element("title", full), x=f"{_LABEL - 6}", y=f"{y + 17}", class_="label end")
    drawn = [name]
    for offset, share, side in ((3, row.before, "before"), (14, row.now, "now")):
        length = _BARS * min(1.0, share / top)
        drawn.append(_bar(_LABEL, y + offset, length, 9.0, side))
        drawn.append(
            element("text", percent(share), x=f"{_LABEL + length + 5:.1f}", y=f"{y + offset + 8}", class_="tick")
        )
    return drawn


def _bar(x: float, y: float, width: float, height: float, name: str) -> Element:
    return element("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{height:.1f}", class_=name)


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> Element:
    return element("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=name)


def _y(share: float, top: float) -> float:
    return _BASE - (_BASE - _TOP) * share / top
