"""Pages and what can be asked for on them, as values; `answer` makes them Starlette's routes.

    ROUTES = (
        Page("/alarms", "alarms.html", load, live_seconds=2),
        Action("/alarms/{name}/enable", enable, Role.ADMIN),
    )

`load` returns what the template is given. A template draws what changes in blocks whose names begin with `live_`, each inside of an element
with `sse-swap="<block>"`: the page's URL, asked for as text/event-stream, tells of each such block whose content has changed. So what
is streamed is drawn by the same code as the page. An action does one thing and leads to a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

Load = Callable[[Visit], Mapping[str, Any]]


@dataclass(frozen=True)
class Page:
    """A document, or, for a template that does not extend the layout, a part of one that htmx puts in its place.

    `path` begins behind the project's, or with `//` behind the console's own. `live_seconds` None: nothing changes on it. `by_link`: the
    signed link of a mail leads here too, whoever brings it.
    """

    path: str
    template: str
    load: Load
    live_seconds: float | None = None
    role: Role = Role.VIEWER
    by_link: bool = False


@dataclass(frozen=True)
class Done:
    """Where an action leads, and what is said there. `path` is the project's page."""

    path: str
    words: str = ""


@dataclass(frozen=True)
class Action:
    """`do` changes something, once. Raises ClientFailure, whose words are shown."""

    path: str
    do: Callable[[Visit], Done]
    role: Role = Role.APPROVER
    by_link: bool = False


@dataclass(frozen=True)
class Ask:
    """Something sent by a form that is answered in its place, by a part of a page: nothing is led to."""

    path: str
    template: str
    load: Load
    role: Role = Role.APPROVER


@dataclass(frozen=True)
class Raw:
    """Bytes: a report, a picture, a download."""

    path: str
    read: Callable[[Visit], Response]
    role: Role = Role.VIEWER
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Page | Action | Ask | Raw
