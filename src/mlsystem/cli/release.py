"""versions, rollback, shadow: what production answers with, and back to what it answered with before."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from mlsystem.cli.picture import agreement_words, shadow_table, version_table
from mlsystem.cli.state import State, pause
from mlsystem.client.releases import Releases
from mlsystem.client.shadow import compare


def register(app: typer.Typer) -> None:
    app.command()(versions)
    app.command()(rollback)
    app.command()(shadow)


def versions(context: typer.Context) -> None:
    """List the versions of production: which serves, and which could serve again."""
    state: State = context.obj
    found = Releases(state.connection(), state.deployed_project()).all()
    if state.as_json:
        state.answer([asdict(release) for release in found])
    else:
        state.show(version_table(found), ())


def rollback(
    context: typer.Context,
    reason: Annotated[str, typer.Option("--reason", "-r", help="why")],
    version: Annotated[str | None, typer.Argument(help="default: the newest retained one before")] = None,
) -> None:
    """Move all traffic of production back, at once: stop the deployment that is under way, or return to an older version."""
    state: State = context.obj
    release = Releases(state.connection(), state.deployed_project()).roll_back(version, reason, pause)
    state.answer(asdict(release), f"Version {release.version} serves: {release.endpoint}")


def shadow(
    context: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="an endpoint with a shadow variant")],
    hours: Annotated[float, typer.Option(help="how far back to look", min=0.1, max=360)] = 24.0,
) -> None:
    """Compare a shadow variant with the production variant whose requests it gets copies of."""
    state: State = context.obj
    found = compare(state.connection(), endpoint, hours, datetime.now(UTC))
    if state.as_json:
        state.answer(asdict(found))
    else:
        state.show(shadow_table(found), [Text(agreement_words(found.agreement))])
