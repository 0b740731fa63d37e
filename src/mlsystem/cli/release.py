"""versions, rollback: what production answers with, and back to what it answered with before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mlsystem.cli.picture import version_table
from mlsystem.cli.state import State, pause
from mlsystem.client.releases import Releases


def register(app: typer.Typer) -> None:
    app.command()(versions)
    app.command()(rollback)


def versions(context: typer.Context) -> None:
    """List the versions of production: which serves, and which could serve again."""
    state: State = context.obj
    found = Releases(state.connection(), state.project()).all()
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
    release = Releases(state.connection(), state.project()).roll_back(version, reason, pause)
    state.answer(asdict(release), f"Version {release.version} serves: {release.endpoint}")
