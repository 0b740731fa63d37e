"""demo: the main job on real data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from mlsystem.cli.engine import Runtime
from mlsystem.cli.state import State
from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import template_folder


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    context: typer.Context,
    time_scale: Annotated[float, typer.Option(help="divide waits, alarm periods and cooldowns by this")] = 10.0,
    runtime: Annotated[Runtime, typer.Option(help="what programs run in, as for `mlsystem up`")] = Runtime.AUTO,
    tls: Annotated[bool, typer.Option("--tls", help="all of it over HTTPS, as for `mlsystem up`")] = False,
    times: Annotated[Path | None, typer.Option(help="write how long the stages took to this file, as JSON")] = None,
) -> None:
    """Run the whole system once on real data: train, deploy, shift traffic."""
    state: State = context.obj
    program = template_folder().parent / "examples" / "flights" / "demo.py"
    if not program.is_file():
        raise ClientFailure("the demo comes with the source of this project, which is not here: clone it")
    command = [sys.executable, str(program), "--home", str(state.home), "--time-scale", str(time_scale)]
    command += ["--runtime", runtime.value]
    command += ["--tls"] if tls else []
    command += ["--times", str(times)] if times is not None else []
    command += ["--json"] if state.as_json else []
    raise typer.Exit(subprocess.run(command, check=False).returncode)
