"""studio, bucket: the template that Studio offers, the projects made of it, and the bucket in which it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from mlsystem.cli.state import State, pause
from mlsystem.client.errors import ClientFailure, NotFound, RunFailed
from mlsystem.client.studio import validation
from mlsystem.client.studio.projects import StudioProjects
from mlsystem.client.studio.publication import Place, Publication
from mlsystem.client.studio.withdrawal import Withdrawal
from mlsystem.client.teardown.removal import Removal
from mlsystem.client.teardown.storage import Storage
from mlsystem.client.teardown.teardown import Teardown

Bucket = Annotated[str, typer.Argument(help="the bucket for templates")]
Stack = Annotated[str, typer.Argument(help="the name of the stack of studio.yml")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]


def register(app: typer.Typer) -> None:
    studio = typer.Typer(help="Publish the system as a template of SageMaker Studio; remove projects made of it.")
    studio.command()(validate)
    studio.command()(publish)
    studio.command()(withdraw)
    studio.command("remove")(remove_project)
    app.add_typer(studio, name="studio", no_args_is_help=True)
    bucket = typer.Typer(help="Remove buckets with all that is in them.")
    bucket.command("remove")(remove_bucket)
    bucket.callback()(lambda: None)
    app.add_typer(bucket, name="bucket", no_args_is_help=True)


def validate(context: typer.Context) -> None:
    """Have CloudFormation validate every template of the project, and studio.yml."""
    state: State = context.obj
    paths = []
    for path in validation.validate(state.connection(), state.project()):
        state.tell(f"{path} is valid")
        paths.append(str(path))
    state.answer(paths, f"{len(paths)} templates are valid.")


def publish(
    context: typer.Context,
    bucket: Bucket,
    stack: Stack,
    role: Annotated[str, typer.Argument(help="the execution role of Studio: its name or ARN")],
    api_base_url: Annotated[
        str, typer.Option("--api-base-url", help="where the APIs of projects are reached, if not at AWS's host names")
    ] = "",
) -> None:
    """Publish the project's pipeline.yml as an organization template, or a new version of it."""
    state: State = context.obj
    publication = Publication(state.connection(), state.project(), Place(bucket, stack, role), api_base_url)
    publication.check()
    publication.prepare(state.tell)
    for event in publication.apply(pause):
        state.tell(f"{event.status:32} {event.type:52} {event.logical_id} {event.reason}".rstrip())
    outputs = publication.outputs()
    words = f"The stack {stack} offers the product {outputs['ProductId']} to {role}."
    state.answer({"stack": stack, "outputs": outputs}, words)


def withdraw(context: typer.Context, bucket: Bucket, stack: Stack, yes: Yes = False) -> None:
    """Take the template away: stack, monitor's image and bucket. Projects must go first."""
    state: State = context.obj
    withdrawal = Withdrawal(state.connection(), bucket, stack, pause)
    _remove(state, list(withdrawal.plan()), yes)


def remove_project(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="PROJECT", help="the project's name in Studio")],
    yes: Yes = False,
) -> None:
    """Remove a project of Studio with all that its pipeline has deployed, and say what is left of it."""
    state: State = context.obj
    connection = state.connection()
    studio = StudioProjects(connection, pause)
    found = studio.find(name)
    if found is None:
        raise NotFound(f"there is no project {name}: aws sagemaker list-projects tells which there are")
    project = found.project()
    if project is None:
        _remove(state, list(studio.removals(name)), yes)
        return
    teardown = Teardown(connection, project, pause)
    plan = teardown.plan()
    _confirm(plan, yes)
    left = [str(removal) for removal in teardown.carry_out(False, False, state.tell)]
    if left:
        raise RunFailed(f"these are left: {', '.join(left)}")
    state.answer({"left": left}, "Nothing of it is left.")


def remove_bucket(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="BUCKET")], yes: Yes = False
) -> None:
    """Empty a bucket, with all versions, and delete it."""
    state: State = context.obj
    found = list(Storage(state.connection()).bucket(name))
    if not found:
        raise NotFound(f"there is no bucket {name}")
    _remove(state, found, yes)


def _remove(state: State, plan: Sequence[Removal], yes: bool) -> None:
    if not plan:
        raise NotFound("there is nothing of it to remove")
    _confirm(plan, yes)
    for removal in plan:
        state.tell(f"removing {removal}")
        removal.carry_out()
    state.answer({"removed": [str(removal) for removal in plan]}, "\n".join(f"removed {one}" for one in plan))


def _confirm(plan: Sequence[Removal], yes: bool) -> None:
    words = ", ".join(map(str, plan))
    if not yes and not typer.confirm(f"Remove {words}?", err=True):
        raise ClientFailure("nothing was removed")
