"""init, deploy, destroy: from an empty folder to a system that stands, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mlsystem.cli.state import State, pause
from mlsystem.client import project as projects
from mlsystem.client import repository
from mlsystem.client.deployment import Deployment
from mlsystem.client.errors import ClientFailure, RunFailed
from mlsystem.client.preflight.policy import deploying_policy, documents
from mlsystem.client.preflight.preflight import Preflight
from mlsystem.client.teardown.teardown import Teardown


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(plan)
    app.command()(policy)
    app.command()(deploy)
    app.command()(clone)
    app.command()(destroy)


def init(context: typer.Context, folder: Annotated[Path, typer.Argument(help="a new folder")]) -> None:
    """Make a project: templates, workflow, container program, settings, notebooks."""
    state: State = context.obj
    files = projects.create(folder)
    state.answer(
        {"folder": str(folder), "files": len(files)},
        f"{folder} has {len(files)} files. Begin with {folder / projects.SETTINGS}; then: cd {folder} && mlsystem deploy",
    )


def plan(context: typer.Context) -> None:
    """Say what a deployment would change and what would stop it; exit code 1 if something would."""
    state: State = context.obj
    project, connection = state.project(), state.connection()
    findings = list(Preflight(connection, project).findings())
    stops = [item for item in findings if item.severity == "problem"]
    nothing = f"Nothing would change in {project.stack}."
    changes = [] if stops else Deployment(connection, project, state.tell).preview(pause)
    state.answer(
        {
            "stack": project.stack,
            "changes": [asdict(item) for item in changes],
            "findings": [asdict(item) for item in findings],
        },
        "\n".join([*map(str, findings), *(map(str, changes) if changes or stops else [nothing])]),
    )
    if stops:
        raise typer.Exit(1)


def policy(
    context: typer.Context, folder: Annotated[Path, typer.Argument(help="where the files policy-N.json go")]
) -> None:
    """Write the IAM policies that whoever deploys this project needs."""
    state: State = context.obj
    found = documents(deploying_policy(state.connection(), state.project()))
    paths = [folder / f"policy-{number}.json" for number in range(1, len(found) + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    for path, document in zip(paths, found, strict=True):
        path.write_text(json.dumps(document, indent=2) + "\n")
    state.answer([str(path) for path in paths], "\n".join(map(str, paths)))


def deploy(context: typer.Context) -> None:
    """Create or update the pipeline and all it needs (the stack of pipeline.yml)."""
    state: State = context.obj
    project = state.project()
    connection = state.connection()
    Preflight(connection, project).check()
    deployment = Deployment(connection, project, state.tell)
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


def clone(context: typer.Context, folder: Annotated[Path, typer.Argument(help="a new folder")]) -> None:
    """Clone the project's repository: a commit that is pushed to its branch starts the pipeline."""
    state: State = context.obj
    url = repository.clone(state.connection(), state.project(), folder)
    state.answer({"folder": str(folder), "url": url}, f"{folder} is a clone of {url}")


def destroy(
    context: typer.Context,
    partial: Annotated[
        bool, typer.Option("--partial", help="only what is deployed: endpoints, API, monitoring")
    ] = False,
    with_data: Annotated[bool, typer.Option("--with-data", help="the bucket of your data sets too")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only list what would go")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> None:
    """Take the system away, and say what is left of it."""
    state: State = context.obj
    project = state.project()
    teardown = Teardown(state.connection(), project, pause)
    plan = teardown.plan(partial, with_data)
    if dry_run or not plan:
        state.answer([str(removal) for removal in plan], "\n".join(map(str, plan)) or "There is nothing to remove.")
        return
    if not yes and not typer.confirm(
        f"Remove {len(plan)} things of {project.pipeline} (--dry-run lists them)?", err=True
    ):
        raise ClientFailure("nothing was removed")
    left = [str(removal) for removal in teardown.carry_out(partial, with_data, state.tell)]
    if left:
        raise RunFailed(f"these are left: {', '.join(left)}")
    state.answer({"left": left}, "Nothing of it is left.")
