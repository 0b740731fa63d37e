"""Dashboard: the project's, or one that is stored in CloudWatch, in its own grid.

The page itself holds only frames. Each widget is a part that the browser asks for, so that a slow or failing one keeps no other waiting,
and asks for again as often as its range makes sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mlsystem.client.dashboard.body import project_body, stored_body, stored_names
from mlsystem.client.dashboard.filled import AlarmStates, Figures, Graph, Words, fill_widget
from mlsystem.client.dashboard.fitted import fitted
from mlsystem.client.dashboard.widgets import MetricWidget, Widget, widgets
from mlsystem.client.errors import NotFound
from mlsystem.console.dashboard_view import figures, frames, graph, hidden_lines, states, text
from mlsystem.console.page import Page
from mlsystem.console.ranges import Choice, Range, range_of, with_query
from mlsystem.console.recent import Recent
from mlsystem.console.visit import Visit

RANGES, USUAL_RANGE = ("15m", "1h", "3h", "12h", "1d", "1w"), "3h"
SECONDS = {"15m": 10, "1h": 10, "3h": 20, "12h": 60, "1d": 120, "1w": 600}  # between two looks
MOST_NAMES = 12
MOST_DIGITS = 6
BODIES: Recent[str] = Recent(seconds=10)  # the widgets of a page ask for the same one at the same time
SINGLES = timedelta(hours=3)  # the last value of a single is looked for no farther back


def load(visit: Visit) -> Mapping[str, Any]:
    looked = range_of(visit.query, visit.now, RANGES, USUAL_RANGE)
    name = visit.query.get("name", "")
    return {
        "name": name,
        "frames": frames(_widgets(visit, looked)),
        "range": looked,
        "seconds": SECONDS[looked.name],
        "query": with_query(visit.query),
        "stored": _stored(visit, name),
    }


def load_widget(visit: Visit) -> Mapping[str, Any]:
    """One of them; `number` is its place in the order of the page."""
    looked = range_of(visit.query, visit.now, RANGES, USUAL_RANGE)
    found = _widgets(visit, looked)
    place = visit.path["number"]
    number = int(place) if place.isascii() and place.isdecimal() and len(place) <= MOST_DIGITS else len(found)
    if number >= len(found):
        raise NotFound("the dashboard has changed: load the page again")
    widget = found[number]
    is_single = isinstance(widget, MetricWidget) and widget.is_single
    since = max(looked.since, looked.until - SINGLES) if is_single else looked.since
    filled = fill_widget(visit.connection, widget, since, looked.until)
    values = {"number": number, "drawn": None, "figures": (), "states": (), "lines": (), "hidden": hidden_lines(filled)}
    match filled, widget:
        case Graph(), MetricWidget():
            return {**values, "kind": "graph", "drawn": graph(filled, widget, since, looked.until)}
        case Figures(), _:
            return {**values, "kind": "figures", "figures": figures(filled)}
        case AlarmStates(), _:
            return {**values, "kind": "alarms", "states": states(filled)}
        case Words(), _:
            return {**values, "kind": "text", "lines": text(filled)}
    raise AssertionError(f"a widget is filled as what it is, and not {filled!r}")


def _widgets(visit: Visit, looked: Range) -> list[Widget]:
    name = visit.query.get("name", "")
    body = BODIES.get((visit.connection.home, visit.project.pipeline, name), lambda: _body(visit, name))
    return [fitted(widget, looked.length) for widget in widgets(body)]


def _body(visit: Visit, name: str) -> str:
    return stored_body(visit.connection, name) if name else project_body(visit.connection, visit.project)


def _stored(visit: Visit, name: str) -> list[Choice]:
    """The project's own file, then what CloudWatch has under the project's name, and the one that is shown."""
    names = stored_names(visit.connection, visit.project.pipeline)[:MOST_NAMES]
    if name and name not in names:
        names.append(name)
    own = Choice("The project's", with_query(visit.query, name=""), not name)
    return [own, *(Choice(one, with_query(visit.query, name=one), one == name) for one in names)]


ROUTES = (
    Page("/dashboard", "dashboard.html", load),
    Page("/dashboard/widgets/{number}", "parts/widget.html", load_widget),
)
