"""dashboard: the metrics and alarms of production, drawn."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from mlsystem.cli.graph import drawn
from mlsystem.cli.state import State, pause
from mlsystem.client.connection import Connection
from mlsystem.client.dashboard.body import project_body, put_body, stored_body
from mlsystem.client.dashboard.filled import fill

SECONDS_BETWEEN_LOOKS = 10.0


def register(app: typer.Typer) -> None:
    app.command()(dashboard)


def dashboard(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="one in CloudWatch; default: the project's own file")] = None,
    hours: Annotated[float, typer.Option(help="how far back to look", min=0.02, max=360)] = 3.0,
    minutes: Annotated[float | None, typer.Option(help="the same in minutes", min=1, max=21600)] = None,
    watch: Annotated[bool, typer.Option("--watch", help="draw it again and again, until Ctrl-C")] = False,
    put: Annotated[bool, typer.Option("--put", help="put the project's into CloudWatch, under the name")] = False,
) -> None:
    """Draw a dashboard: how production fares, and which alarms are raised."""
    state: State = context.obj
    connection = state.connection()
    if put:
        placed = put_body(connection, state.deployed_project(), name)
        state.answer({"name": placed}, f"CloudWatch has the dashboard {placed}.")
        return
    span = timedelta(minutes=minutes) if minutes else timedelta(hours=hours)
    _show(state, connection, name, span, watch)
    while watch:
        pause(SECONDS_BETWEEN_LOOKS)
        _show(state, connection, name, span, watch)


def _show(state: State, connection: Connection, name: str | None, span: timedelta, is_watched: bool) -> None:
    """One look. All of it is asked for before the screen is cleared."""
    body = stored_body(connection, name) if name else project_body(connection, state.deployed_project())
    now = datetime.now(UTC)
    found = list(fill(connection, body, now - span, now))
    if state.as_json:
        told = [{"kind": type(one).__name__, **asdict(one)} for one in found]
        state.answer_line(told, "") if is_watched else state.answer(told)
        return
    if is_watched:
        state.out.clear()
    for one in drawn(found, now - span, now, state.out.width):
        state.draw(one)
