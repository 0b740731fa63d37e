"""Home: is production healthy, what happens, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.client.production import Figures, Overview, Production
from mlsystem.console.charts import Chart, Series, lines
from mlsystem.console.page import Page
from mlsystem.console.visit import Visit


@dataclass(frozen=True)
class Banner:
    """Something that a person should see to. `tone` is that of a note: bad, warn or busy."""

    tone: str
    words: str
    path: str
    link: str


def load(visit: Visit) -> Mapping[str, Any]:
    overview = Production(visit.connection, visit.project).overview(visit.now)
    return {
        "overview": overview,
        "banners": list(banners(overview)),
        "verdict": verdict(overview),
        "requests": _requests(overview.figures),
        "latency": _latency(overview.figures),
    }


def banners(overview: Overview) -> Iterator[Banner]:
    """What needs a person comes first."""
    if overview.waiting is not None:
        words = f"A new model waits for a decision in the stage {overview.waiting.name}, with its evidence."
        yield Banner("busy", words, "/approval", "Look and decide")
    if overview.failed is not None and overview.waiting is None:
        words = f"The stage {overview.failed.name} of the pipeline has failed."
        yield Banner("bad", words, "/pipeline", "See why, and retry")
    for alarm in overview.alarms[:3]:
        yield Banner("bad", f"The alarm {alarm.name} is raised: {alarm.reason}", f"/alarms/{alarm.name}", "Look at it")
    if len(overview.alarms) > 3:
        yield Banner(
            "bad", f"{len(overview.alarms) - 3} more alarms are raised.", "/alarms?state=ALARM", "See them all"
        )
    if overview.serving is not None and overview.serving.deployment:
        shares = ", ".join(f"version {name} {share:.0%}" for name, share in sorted(overview.serving.shares.items()))
        yield Banner("busy", f"A new version is rolling out: {shares} of the traffic.", "/rollout", "Watch it")


def verdict(overview: Overview) -> tuple[str, str]:
    """A tone, and whether production is healthy, in words."""
    if overview.serving is None:
        return "plain", "Nothing is in production yet"
    if overview.alarms:
        return "bad", "Production needs you"
    if overview.figures is not None and any(overview.figures.server_errors):
        return "warn", "Production answers, with errors in the last hour"
    return "good", "Production is healthy"


def _requests(figures: Figures | None) -> Chart | None:
    if figures is None or not figures.at:
        return None
    series = [
        Series("Requests", figures.at, figures.requests),
        Series("5xx", figures.at, figures.server_errors, "bad"),
        Series("4xx", figures.at, figures.client_errors, "warn"),
    ]
    return lines("Requests and errors of the API, each minute of the last hour", series, "a minute")


def _latency(figures: Figures | None) -> Chart | None:
    if figures is None or not figures.p50_at:
        return None
    series = [Series("p50", figures.p50_at, figures.p50_ms), Series("p99", figures.p99_at, figures.p99_ms)]
    return lines("Latency of the API over the last hour", series, "ms")


ROUTES = (Page("/", "home.html", load, live_seconds=2),)
