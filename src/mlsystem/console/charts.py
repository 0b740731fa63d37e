"""Charts: the options of ECharts for them, and the same figures as a table. Pure; `static/charts.js` draws them in the page's colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MOST_ROWS = 200


@dataclass(frozen=True)
class Chart:
    """`words` say what is to be seen; `columns` and `rows` are its figures."""

    words: str
    options: Mapping[str, Any]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Series:
    """Values over time, oldest first. `colour` is one of the page's: good, bad, warn."""

    name: str
    at: Sequence[datetime]
    values: Sequence[float]
    colour: str = ""


def lines(
    words: str,
    series: Sequence[Series],
    unit: str = "",
    threshold: float | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    stacked: bool = False,
    as_steps: bool = False,
) -> Chart:
    """Values over time; `threshold` is drawn as a line across."""
    drawn: list[dict[str, Any]] = []
    for one in series:
        item: dict[str, Any] = {
            "name": one.name,
            "type": "line",
            "showSymbol": len(one.values) < 3,
            "data": [[_milliseconds(at), value] for at, value in zip(one.at, one.values, strict=True)],
        }
        if one.colour:
            item |= {"lineStyle": {"color": f"${one.colour}"}, "itemStyle": {"color": f"${one.colour}"}}
        if stacked:
            item |= {"stack": "all", "areaStyle": {"opacity": 0.35}}
        if as_steps:
            item["step"] = "end"
        drawn.append(item)
    if threshold is not None and drawn:
        mark = {"yAxis": threshold, "label": {"formatter": f"{threshold:g}", "color": "$faint"}}
        drawn[0]["markLine"] = {
            "silent": True,
            "symbol": "none",
            "lineStyle": {"color": "$bad", "type": "dashed"},
            "data": [mark],
        }
    axis: dict[str, Any] = {"type": "time"}
    if since is not None:
        axis["min"] = _milliseconds(since)
    if until is not None:
        axis["max"] = _milliseconds(until)
    options = {"xAxis": axis, "yAxis": {"type": "value", "name": unit}, "series": drawn}
    return Chart(words, options, ("Time (UTC)", *(one.name for one in series)), tuple(_rows(series)))


def bars(
    words: str,
    categories: Sequence[str],
    series: Mapping[str, Sequence[float]],
    unit: str = "",
    horizontal: bool = False,
    threshold: float | None = None,
) -> Chart:
    """Values by category, of one or more series side by side."""
    drawn: list[dict[str, Any]] = [
        {"name": name, "type": "bar", "data": list(values)} for name, values in series.items()
    ]
    if threshold is not None and drawn:
        across = {"xAxis" if horizontal else "yAxis": threshold}
        drawn[0]["markLine"] = {
            "silent": True,
            "symbol": "none",
            "lineStyle": {"color": "$bad", "type": "dashed"},
            "data": [across],
        }
    names = {"type": "category", "data": list(categories)}
    values = {"type": "value", "name": unit}
    axes = {"xAxis": values, "yAxis": {**names, "inverse": True}} if horizontal else {"xAxis": names, "yAxis": values}
    rows = tuple(
        (category, *(f"{values[at]:.4g}" for values in series.values())) for at, category in enumerate(categories)
    )
    return Chart(words, {**axes, "series": drawn}, ("", *series), rows[:MOST_ROWS])


def _rows(series: Sequence[Series]) -> Iterable[tuple[str, ...]]:
    """The newest first."""
    by_time: dict[int, dict[str, str]] = {}
    for one in series:
        for at, value in zip(one.at, one.values, strict=True):
            by_time.setdefault(_milliseconds(at), {})[one.name] = f"{value:.4g}"
    for moment in sorted(by_time, reverse=True)[:MOST_ROWS]:
        found, at = by_time[moment], datetime.fromtimestamp(moment / 1000, UTC)
        yield (at.isoformat(" ", "seconds").removesuffix("+00:00"), *(found.get(one.name, "") for one in series))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
