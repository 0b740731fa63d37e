"""Prints docs/calls.md: the AWS calls that each command and each action of the console may make."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import typer

from mlsystem.cli.main import app
from mlsystem.console.page import Action
from mlsystem.console.pages import ROUTES
from tests.docs.source_graph import source_graph

HEAD = """\
# Calls: what the commands and the console ask of AWS

Made from the source by `make calls-docs`; a test compares the two, and the tests that run commands hold what was called against it. A
call is listed that may be made, not one that always is. *Local only*: AWS's API is asked nothing. Requests to a Git repository and to the
API of production are no such calls. What the engine answers of them stands in [coverage](coverage.md).
"""

# What is asked by other programs that they start.
ELSEWHERE = {"demo": "those of the commands that `examples/flights/demo.py` runs"}


def commands(of: typer.Typer = app, before: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Full names and functions."""
    for command in of.registered_commands:
        assert command.callback is not None
        yield f"{before}{command.name or command.callback.__name__.replace('_', '-')}", command.callback
    for group in of.registered_groups:
        assert group.typer_instance is not None
        name = group.name or group.typer_instance.info.name
        callback = group.typer_instance.registered_callback
        if callback is not None and callback.callback is not None and group.typer_instance.info.invoke_without_command:
            yield f"{before}{name}", callback.callback
        yield from commands(group.typer_instance, f"{before}{name} ")


def calls_of(function: Callable[..., Any]) -> set[str]:
    """Of a function within another one: all that the outer one may make."""
    return source_graph().calls((function.__module__, function.__qualname__.partition(".<locals>")[0]))


def page() -> str:
    """The whole page, as Markdown."""
    lines = [HEAD, "## Commands\n", "| Command | Calls |", "| --- | --- |"]
    lines += [
        f"| `mlsystem {name}` | {ELSEWHERE.get(name) or _told(calls_of(function))} |"
        for name, function in sorted(commands())
    ]
    lines += ["", "## Actions of the console\n", "| Action | Calls |", "| --- | --- |"]
    actions = [route for route in ROUTES if isinstance(route, Action)]
    lines += [f"| `{one.path}` | {_told(calls_of(one.do))} |" for one in sorted(actions, key=lambda one: one.path)]
    return "\n".join(lines) + "\n"


def _told(calls: set[str]) -> str:
    by_service: dict[str, list[str]] = {}
    for call in sorted(calls):
        service, _, operation = call.partition(":")
        by_service.setdefault(service, []).append(operation)
    told = "; ".join(f"{service}: {', '.join(names)}" for service, names in by_service.items())
    return told or "*local only*"


if __name__ == "__main__":
    sys.stdout.write(page())
