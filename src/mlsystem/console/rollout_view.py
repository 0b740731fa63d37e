"""What the page Rollout draws of a deployment: charts of its traffic, and which time counts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlsystem.client.deployment_course import Deployment
from mlsystem.client.rollout import Course
from mlsystem.client.version_figures import Series as Values
from mlsystem.client.version_figures import VersionFigures, period_for
from mlsystem.console.charts import Chart, Series, lines

LATELY = timedelta(minutes=15)
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=2)


@dataclass(frozen=True)
class Window:
    """`counted`: whose requests are summed up; `drawn`: those of the chart."""

    counted: tuple[datetime, datetime]
    drawn: tuple[datetime, datetime]


@dataclass(frozen=True)
class Share:
    """A version's part of the traffic bar, in percent of its width; `place` numbers its colour."""

    version: str
    share: float
    start: float
    place: int


def window(course: Course | None, now: datetime) -> Window:
    """Of a deployment the time in which traffic shifted, else the last minutes."""
    if course is None:
        return Window((now - LATELY, now), (now - LATELY, now))
    deployment, shifting = course.deployment, course.shifting
    ended = deployment.ended or now
    begin = shifting.began if shifting and shifting.began else deployment.created
    until = shifting.ended if shifting and shifting.ended else ended
    return Window((begin, until), (deployment.created - BEFORE, min(now, ended + AFTER)))


def shares(weights: Mapping[str, float], versions: Sequence[str]) -> list[Share]:
    """In the order of `versions`, then others that get traffic."""
    found, start = [], 0.0
    for place, version in enumerate(dict.fromkeys((*versions, *weights))):
        share = weights.get(version, 0.0)
        found.append(Share(version, share, start * 100, place + 1))
        start += share
    return found


def traffic_chart(figures: Mapping[str, VersionFigures], drawn: tuple[datetime, datetime], now: datetime) -> Chart:
    """Requests a second by version, one above the other. A period that is not over yet is left out: it would look like a fall."""
    period = period_for(*drawn, now)
    step = timedelta(seconds=period)
    series = []
    for version, one in figures.items():
        at, values = _filled(one.rate, drawn[1] - step, step)
        series.append(Series(f"version {version}", at, values))
    series = _aligned(series)
    return lines("Requests a second, by version", series, "a second", since=drawn[0], until=drawn[1], stacked=True)


def _filled(values: Values, until: datetime, step: timedelta) -> tuple[list[datetime], list[float]]:
    known = {at: value for at, value in zip(values.at, values.values, strict=True) if at <= until}
    return sorted(known), [known[at] for at in sorted(known)]


def _aligned(series: Sequence[Series]) -> list[Series]:
    """With a point each wherever one has one: what is stacked must stand on something."""
    times = sorted({at for one in series for at in one.at})
    found = []
    for one in series:
        known = dict(zip(one.at, one.values, strict=True))
        found.append(Series(one.name, times, [round(known.get(at, 0.0), 3) for at in times], one.colour))
    return found


def serving_since(version: str, deployments: Sequence[Deployment]) -> datetime | None:
    """When the newest deployment to it ended; None where none of these did."""
    ends: Iterator[datetime] = (
        one.ended for one in deployments if one.new == version and one.status == "Succeeded" and one.ended is not None
    )
    return next(ends, None)
