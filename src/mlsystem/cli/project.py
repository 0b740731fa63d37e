"""init, deploy: from an empty folder to a system that stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlsystem.cli.state import State, pause
from mlsystem.client import project as projects
from mlsystem.client.deployment import Deployment


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(deploy)


def init(context: typer.Context, folder: Annotated[Path, typer.Argument(help="a new folder")]) -> None:
    """Make a project: templates, workflow, container program, settings."""
    state: State = context.obj
    files = projects.create(folder)
    state.answer(
        {"folder": str(folder), "files": len(files)},
        f"{folder} has {len(files)} files. Begin with {folder / projects.SETTINGS}; then: cd {folder} && mlsystem deploy",
    )


def deploy(context: typer.Context) -> None:
    """Create or update the pipeline and all it needs (the stack of pipeline.yml)."""
    state: State = context.obj
    project = state.project()
    deployment = Deployment(state.connection(), project, state.tell)
    deployment.prepare()
    changed = deployment.apply()
    if changed:
        for event in deployment.follow(pause):
            state.tell(f"{event.status:32} {event.type:40} {event.logical_id} {event.reason}".rstrip())
    outputs = deployment.outputs()
    words = "is in place" if changed else "is up to date"
    state.answer(
        {"stack": project.stack, "changed": changed, "outputs": outputs}, f"The stack {project.stack} {words}."
    )
