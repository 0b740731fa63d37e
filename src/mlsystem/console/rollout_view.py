"""What the page Rollout draws of a deployment: charts of its traffic, and which time counts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlsystem.client.deployment_course import Deployment
from mlsystem.client.rollout import Course
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
    step = timedelta(seconds=period_for(*drawn, now))
    known = {
        version: {at: value for at, value in zip(one.rate.at, one.rate.values, strict=True) if at <= now - step}
        for version, one in figures.items()
    }
    times = _grid([at for values in known.values() for at in values], step, now)
    series = [
        Series(f"version {version}", times, [round(values.get(at, 0.0), 3) for at in times])
        for version, values in known.items()
    ]
    return lines("Requests a second, by version", series, since=drawn[0], until=drawn[1], stacked=True)


def _grid(times: Sequence[datetime], step: timedelta, now: datetime) -> list[datetime]:
    """All periods from the first to the last, and one on each side: of those without requests CloudWatch has no point."""
    if not times:
        return []
    first, last = min(times) - step, min(max(times) + step, now - 2 * step)
    return [first + at * step for at in range(max(0, round((last - first) / step)) + 1)]


def serving_since(version: str, deployments: Sequence[Deployment]) -> datetime | None:
    """When the newest deployment to it ended; None where none of these did."""
    ends: Iterator[datetime] = (
        one.ended for one in deployments if one.new == version and one.status == "Succeeded" and one.ended is not None
    )
    return next(ends, None)
