"""The chart over time: of each run, how far a feature was from the baseline, in multiples of what was allowed.

Multiples, because a limit may change from one run to the next: what is allowed is always the line at 1. Runs stand where
their hours are; a run that could not tell leaves a gap.
"""

from collections.abc import Sequence
from itertools import groupby

from mlsystem.monitor.report.element import Element, element
from mlsystem.monitor.report.history import Point
from mlsystem.monitor.verdicts import Verdict

_WIDTH, _LEFT, _RIGHT, _TOP, _BASE, _HEIGHT = 270, 4.0, 266.0, 14.0, 74.0, 92
_HIGHEST = 1000.0  # times what is allowed: beyond, all is alike


def timeline(points: Sequence[Point], label: str) -> Element:
    """The line of one feature."""
    known = [point for point in points if point.finding.exceedance is not None]
    top = max([1.25, *(_height(point) for point in known)]) * 1.05
    limit_y = _y(1.0, top)
    limit = element("line", x1=f"{_LEFT}", y1=f"{limit_y:.1f}", x2=f"{_RIGHT}", y2=f"{limit_y:.1f}", class_="limit")
    axis = element("line", x1=f"{_LEFT}", y1=f"{_BASE}", x2=f"{_RIGHT}", y2=f"{_BASE}", class_="axis")
    places = _places(points)
    lines = [
        element(
            "polyline",
            points=" ".join(f"{places[i]:.1f},{_y(_height(points[i]), top):.1f}" for i in run),
            class_="line",
        )
        for run in _unbroken(points)
    ]
    dots = [_dot(place, point, top, small=len(points) > 60) for place, point in zip(places, points, strict=True)]
    allowed = _allowed(limit_y, at_left=_height(points[-1]) >= _height(points[0]))
    drawn = [axis, limit, allowed, *lines, *dots, *_ends(points)]
    return element("svg", *drawn, class_="chart", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=label)


def _allowed(y: float, *, at_left: bool) -> Element:
    """The name of the line of what is allowed, on the side where the runs are lower."""
    x, name = (_LEFT, "tick") if at_left else (_RIGHT, "tick end")
    return element("text", "allowed", x=f"{x}", y=f"{y - 3:.1f}", class_=name)


def _places(points: Sequence[Point]) -> list[float]:
    """Where each run stands from left to right."""
    first, last = points[0].hour, points[-1].hour
    span = (last - first).total_seconds()
    shares = [(point.hour - first).total_seconds() / span if span else 0.5 for point in points]
    return [_LEFT + 4.0 + (_RIGHT - _LEFT - 8.0) * share for share in shares]


def _unbroken(points: Sequence[Point]) -> list[list[int]]:
    """The places of points that follow on each other without a gap."""
    groups = groupby(range(len(points)), key=lambda place: points[place].finding.exceedance is not None)
    return [list(group) for is_known, group in groups if is_known]


def _dot(x: float, point: Point, top: float, *, small: bool) -> Element:
    if point.finding.exceedance is None:
        return element("path", d=f"M{x - 3:.1f} {_BASE - 6:.1f}l6 6m0 -6l-6 6", class_="unknown")
    is_drifted = point.finding.verdict is Verdict.DRIFTED
    radius = 1.5 if small and not is_drifted else 3.0
    name = {Verdict.DRIFTED: "drifted", Verdict.CANNOT_TELL: "unknown"}.get(point.finding.verdict, "fine")
    return element("circle", cx=f"{x:.1f}", cy=f"{_y(_height(point), top):.1f}", r=f"{radius}", class_=f"dot {name}")


def _ends(points: Sequence[Point]) -> list[Element]:
    """The hours of the first and the last run."""
    y = f"{_HEIGHT - 4}"
    first, last = (f"{point.hour.day} {point.hour:%b %Y, %H:00}" for point in (points[0], points[-1]))
    return [
        element("text", first, x=f"{_LEFT}", y=y, class_="tick"),
        element("text", last, x=f"{_RIGHT}", y=y, class_="tick end"),
    ]


def _height(point: Point) -> float:
    return min(_HIGHEST, point.finding.exceedance or 0.0)


def _y(height: float, top: float) -> float:
    return _BASE - (_BASE - _TOP) * height / top
