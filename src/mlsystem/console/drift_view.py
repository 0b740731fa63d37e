"""What the monitor's pages say and draw of findings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mlsystem.client.drift.findings import CANNOT_TELL, DRIFTED, Distribution, FeatureVerdict, Findings
from mlsystem.client.drift.trends import Trend
from mlsystem.console import charts
from mlsystem.console.charts import Chart, Series

NAMED = 4  # features in a sentence
WIDTH, HEIGHT, POINTS = 96, 22, 24
ALONE = 2.5  # the radius of a point that has no line
BAR = 96


@dataclass(frozen=True)
class Verdict:
    """`style` is that of a note."""

    style: str
    title: str
    words: str


@dataclass(frozen=True)
class Spark:
    """A small line over time, as an SVG's points; `threshold_y` None where it lies outside."""

    points: str
    end_x: float
    end_y: float
    threshold_y: float | None
    words: str


def verdict_of(findings: Findings) -> Verdict:
    by = {word: [one for one in findings.features if one.verdict == word] for word in (DRIFTED, CANNOT_TELL)}
    total = len(findings.features)
    if findings.verdict == DRIFTED:
        count = len(by[DRIFTED])
        verb = "lies" if count == 1 else "lie"
        words = f"{count} of {total} features {verb} farther from the baseline than is allowed: {_named(by[DRIFTED])}."
        return Verdict("bad", "The data have drifted", words + _unknown(by[CANNOT_TELL]))
    if findings.verdict == CANNOT_TELL:
        words = _unknown(by[CANNOT_TELL]).strip() or f"{findings.summary[:1].upper()}{findings.summary[1:]}."
        return Verdict("warn", "Nobody can tell whether the data have drifted", words)
    return Verdict(
        "good", "The data have not drifted", f"Each of {total} features was compared, and lies within what is allowed."
    )


def spark(trend: Trend, threshold: float | None) -> Spark | None:
    """None where there is nothing to draw."""
    values = trend.values[-POINTS:]
    if not values:
        return None
    top = max(*values, threshold or 0.0, 1e-9) * 1.1
    step = WIDTH / max(len(values) - 1, 1)
    at = [(round(index * step, 1), _height(value, top)) for index, value in enumerate(values)]
    if len(at) == 1:
        at = [(WIDTH - ALONE, at[0][1])]
    words = f"{len(values)} values, the last one {values[-1]:.3g}"
    line = _height(threshold, top) if threshold else None
    return Spark(" ".join(f"{x},{y}" for x, y in at), at[-1][0], at[-1][1], line, words)


def bar_width(feature: FeatureVerdict) -> float:
    """Of a bar whose middle is the threshold."""
    return round(min(feature.closeness / 2, 1.0) * BAR, 1)


def distribution_chart(found: Distribution) -> Chart:
    words = f"Shares of rows by {'value' if found.is_numeric else 'category'} of {found.feature}, in the baseline and now, in percent"
    series = {
        "Baseline": [round(one.in_baseline * 100, 3) for one in found.shares],
        "Now": [round(one.now * 100, 3) for one in found.shares],
    }
    chart = charts.bars(words, [one.label for one in found.shares], series)
    before, now = chart.options["series"]
    return replace(chart, options={**chart.options, "series": [{**before, "itemStyle": {"color": "$faint"}}, now]})


def history_chart(feature: FeatureVerdict, trend: Trend, since: datetime, until: datetime) -> Chart:
    words = f"Distance of {feature.name} from the baseline over time"
    series = [Series(feature.name, trend.at, trend.values)]
    return with_points(charts.lines(words, series, "", feature.threshold, since, until))


def with_points(chart: Chart) -> Chart:
    """Each value of the one line marked: there are few, and far apart."""
    series = [{**one, "showSymbol": True, "symbolSize": 7} for one in chart.options["series"]]
    grid = {"left": 8, "right": 44, "top": 14, "bottom": 8, "containLabel": True}
    return replace(chart, options={**chart.options, "series": series, "grid": grid, "legend": {"show": False}})


def _height(value: float, top: float) -> float:
    return round(HEIGHT - 2 - value / top * (HEIGHT - 4), 1)


def _named(features: Sequence[FeatureVerdict]) -> str:
    names = [one.name for one in features[:NAMED]]
    more = len(features) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _unknown(features: Sequence[FeatureVerdict]) -> str:
    if not features:
        return ""
    return f" Of {len(features)} nobody can tell: {_named(features)}; the reason stands beside each."
