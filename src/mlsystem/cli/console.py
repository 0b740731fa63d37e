"""console: the web console as a program of its own, and who may use it."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from mlsystem.cli.state import State


class RoleName(StrEnum):
    VIEWER = "viewer"
    APPROVER = "approver"
    ADMIN = "admin"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The web console, and who may use it.", invoke_without_command=True, rich_markup_mode=None)
    group.callback()(console)
    for command in (token, people, forget):
        group.command()(command)
    app.add_typer(group, name="console")


def console(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 4590,
    host: Annotated[str, typer.Option(help="another address than this machine's own needs tokens")] = "127.0.0.1",
    name: Annotated[list[str] | None, typer.Option(help="another name under which browsers reach it")] = None,
) -> None:
    """Serve the console until ctrl-c: of an account with --target aws. `mlsystem up` serves the local engine's by itself."""
    if context.invoked_subcommand is not None:
        return
    from mlsystem.console.server import check_open, listen, serve

    state: State = context.obj
    state.connection().check()  # says at once what is missing
    serves = check_open(host, state.home, name or ())
    listener = listen(host, port)
    named = f"[{host}]" if ":" in host else host
    url = f"http://{named}:{listener.getsockname()[1]}/_console/"
    state.answer_line({"url": url}, f"Console: {url}\nctrl-c ends it")
    serve(state.target, state.home, listener, serves)


def token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="of a person; a second token replaces the first")],
    role: Annotated[RoleName, typer.Option(help="what they may do")] = RoleName.VIEWER,
) -> None:
    """Make the token with which a person signs in. With the first one everybody must."""
    from mlsystem.console.security.people import People, Role

    state: State = context.obj
    made = People(state.home).add(name, Role[role.value.upper()])
    words = f"The token of {name}, {role.value}, which is shown this once:\n{made}"
    state.answer({"name": name, "role": role.value, "token": made}, words)


def people(context: typer.Context) -> None:
    """List who has a token."""
    from mlsystem.console.security.people import People

    state: State = context.obj
    found = People(state.home).all()
    if state.as_json:
        state.answer([{**asdict(one), "role": one.role.word} for one in found])
        return
    table = Table("name", "role", expand=False)
    for one in found:
        table.add_row(one.name, one.role.word)
    state.draw(table if found else "Nobody has a token: on this machine the console asks for none.")


def forget(context: typer.Context, name: Annotated[str, typer.Argument(help="of a person")]) -> None:
    """Take a person's token away; their sessions end."""
    from mlsystem.console.security.people import People

    state: State = context.obj
    People(state.home).remove(name)
    state.answer({"name": name}, f"{name} has no token any more")
