"""backup, restore: a copy of everything that the local engine keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlsystem.cli.state import State
from mlsystem.client import engine
from mlsystem.client.errors import ClientFailure

KEY = "the file of the key that opens the data; default that of the backup with .key behind it"


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="a new file, or a folder for one")],
    key: Annotated[Path | None, typer.Option(help=KEY)] = None,
) -> None:
    """Copy all that the local engine keeps, at one moment, while it goes on."""
    state: State = context.obj
    _refuse_aws(state)
    made = engine.back_up(state.home, target, key)
    state.answer(
        made,
        f"{made['file']}: {made['members']} members, {made['size'] / 1e6:.1f} MB\n"
        f"The key that opens it is not in it, but in {made['key']}: keep that elsewhere, nothing is restored without it"
        f"{_changing(made['changing'])}",
    )


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="what `mlsystem backup` has made")],
    key: Annotated[Path | None, typer.Option(help=KEY)] = None,
) -> None:
    """Make the data folder of a backup, which is checked; --home names the folder, which must be empty or missing."""
    state: State = context.obj
    _refuse_aws(state)
    made = engine.restore(state.home, file, key)
    state.answer(
        made,
        f"{state.home} is as it was at {made['made_at']}: {made['members']} members, all whole{_changing(made['changing'])}\n"
        "Next: mlsystem up. It goes on with all that waited then, so let no other engine do so with the same data",
    )


def _refuse_aws(state: State) -> None:
    if state.target == "aws":
        raise ClientFailure("this is for the local engine; in an account use AWS Backup, and S3's versions")


def _changing(names: list[str]) -> str:
    return f"\nWritten to while they were copied, so of no one moment: {', '.join(names)}" if names else ""
