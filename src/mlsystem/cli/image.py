"""image: container images, with and without Docker."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mlsystem.cli.state import State
from mlsystem.client import image
from mlsystem.client.errors import NotRunning
from mlsystem.client.images.builders import Builder


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Container images: build, run, load, list, push and pull them, with and without Docker.")
    group.command("build")(build)
    group.command("run", context_settings={"allow_interspersed_args": False})(run)
    group.command("load")(load)
    group.command("list")(list_images)
    group.command("push")(push)
    group.command("pull")(pull)
    app.add_typer(group, name="image", no_args_is_help=True)


def build(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="the image's name: NAME, NAME:TAG or an ECR URI")],
    folder: Annotated[Path, typer.Argument(metavar="CONTEXT", help="the folder that COPY copies from")],
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="the Dockerfile; default CONTEXT/Dockerfile")
    ] = None,
    build_arg: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of an ARG; may be repeated")] = None,
    builder: Annotated[
        Builder, typer.Option(help="auto: Docker where it answers, else buildah, else mlsystem's own interpreter")
    ] = "auto",
) -> None:
    """Build an image from a Dockerfile."""
    state: State = context.obj
    built = image.build(tag, folder, file, build_arg or [], builder, state.tell)
    state.answer(asdict(built), f"{built.name} {built.digest}")


def run(
    tag: Annotated[str, typer.Argument(help="the image's name on this machine")],
    command: Annotated[list[str] | None, typer.Argument(help="program and arguments; default: the image's own")] = None,
    volume: Annotated[
        list[str] | None, typer.Option("--volume", "-v", help="FOLDER:PLACE, a folder of this machine; may be repeated")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", "-e", help="NAME=VALUE of a variable; may be repeated")
    ] = None,
) -> None:
    """Run a program of an image on this machine, to its end; its exit code is this command's."""
    raise typer.Exit(image.run(tag, command or [], volume or [], env or []))


def load(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(help="a file that `docker save`, Podman or buildah wrote")],
    tag: Annotated[str, typer.Option(help="its name, if it has none or is to have another")] = "",
) -> None:
    """Take images over from a file."""
    state: State = context.obj
    loaded = image.load_archive(archive, tag)
    state.answer(loaded, "\n".join(f"{name} {digest}" for name, digest in loaded.items()))


def list_images(context: typer.Context) -> None:
    """The images of this machine's user, and those in the registry."""
    state: State = context.obj
    found = list(image.local())
    try:
        found += image.remote(state.connection())
    except NotRunning as error:
        state.tell(f"Without the registry's: {error}")
    if state.as_json:
        state.answer([asdict(one) for one in found])
        return
    table = Table("image", "digest", "MB", box=None, header_style="bold")
    for one in found:
        table.add_row(one.name, one.digest[:19], f"{one.size_bytes / 1e6:,.1f}")
    state.draw(table)


def push(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="the image's name on this machine")],
    to: Annotated[str, typer.Option(help="the ECR URI to push to; default: its name in your account's registry")] = "",
) -> None:
    """Push an image to ECR; a repository that is not there is made."""
    state: State = context.obj
    uri, digest = image.push_image(state.connection(), tag, to, state.tell)
    state.answer({"uri": uri, "digest": digest}, f"{uri} {digest}")


def pull(context: typer.Context, uri: Annotated[str, typer.Argument(help="ECR URI with a tag")]) -> None:
    """Fetch an image from ECR onto this machine."""
    state: State = context.obj
    digest = image.pull_image(state.connection(), uri, state.tell)
    state.answer({"uri": uri, "digest": digest}, f"{uri} {digest}")
