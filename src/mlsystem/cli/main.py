"""`mlsystem`: one file per group of commands; a command parses, makes one call, and renders.

Exit codes: 0 done, 1 refused or failed, 2 what was waited for ended badly (and wrong usage), 3 no engine, 4 not found.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from mlsystem.cli import data, demo, engine, pipeline, project
from mlsystem.cli.state import State
from mlsystem.client.connection import Target, default_home
from mlsystem.client.errors import ClientFailure

app = typer.Typer(
    name="mlsystem",
    help="An ML system for Amazon SageMaker that also runs, whole, on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    context: typer.Context,
    target: Annotated[
        str, typer.Option(help="local: the engine on this machine; aws: your account", metavar="local|aws")
    ] = "local",
    home: Annotated[
        Path | None, typer.Option(help="the engine's data folder; default $MLSYSTEM_HOME or .mlsystem")
    ] = None,
    project_folder: Annotated[Path, typer.Option("--project", help="the project's folder")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON, for programs")] = False,
) -> None:
    """Options that stand before every command."""
    if target not in ("local", "aws"):
        raise typer.BadParameter(f"{target!r} is neither local nor aws", param_hint="--target")
    chosen: Target = "local" if target == "local" else "aws"
    where = (home or default_home()).absolute()
    context.obj = State(
        chosen, where, project_folder, as_json, Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    )


for group in (engine, project, pipeline, data, demo):
    group.register(app)


def main() -> None:
    """Run a command; every known failure is one clear line."""
    try:
        app()
    except ClientFailure as failure:
        sys.stderr.write(f"mlsystem: {failure}\n")
        sys.exit(failure.exit_code)
    except (ClientError, BotoCoreError) as error:
        sys.stderr.write(f"mlsystem: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
