"""dashboard: the metrics and alarms of production, drawn."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from mlsystem.cli.graph import drawn
from mlsystem.cli.state import State
from mlsystem.client.dashboard.filled import fill


def register(app: typer.Typer) -> None:
    app.command()(dashboard)


def dashboard(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="default: the one of this project's production")] = None,
    hours: Annotated[float, typer.Option(help="how far back to look", min=0.02, max=360)] = 3.0,
) -> None:
    """Draw a dashboard of CloudWatch: how production fares."""
    state: State = context.obj
    now = datetime.now(UTC)
    since = now - timedelta(hours=hours)
    found = list(fill(state.connection(), name or state.deployed_project().pipeline, since, now))
    if state.as_json:
        state.answer([{"kind": type(one).__name__, **asdict(one)} for one in found])
        return
    for one in found:
        state.draw(drawn(one, since, now, state.out.width))
