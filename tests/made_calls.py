"""The AWS calls that a command of a test made, held against docs/calls.md: what is not listed there fails the test that saw it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

# Names the file that a command which the starter begins writes its calls to.
VARIABLE = "MLSYSTEM_TEST_CALLS"
WITH_VALUES = ("--target", "--home", "--project")


class UnlistedCall(AssertionError):
    """The source does not show that the command may make this call."""


def record() -> None:
    """In the process of a command: write down what its clients call from now on."""
    path = os.environ.pop(VARIABLE, None)
    if path is None:
        return
    import boto3

    def write(model: Any, **_: object) -> None:
        with Path(path).open("a") as calls:
            calls.write(f"{model.service_model.service_name}:{model.name}\n")

    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("before-call", write)


def check(arguments: Sequence[str], calls: Path) -> None:
    """Raises UnlistedCall."""
    made = set(calls.read_text().split()) if calls.exists() else set()
    if made:
        name = command_of(arguments)
        unlisted = sorted(made - _listed()[name])
        if unlisted:
            raise UnlistedCall(f"`mlsystem {name}` called {', '.join(unlisted)}, which docs/calls.md does not list")


def command_of(arguments: Sequence[str]) -> str:
    """The command's full name: the words behind the options that stand before every command, as far as they name one."""
    words = list(arguments)
    while words and words[0].startswith("--"):
        del words[: 2 if words[0] in WITH_VALUES else 1]
    group = " ".join(words[:2])
    return group if group in _listed() else words[0]


@cache
def _listed() -> dict[str, set[str]]:
    from tests.docs.calls_page import calls_of, commands

    return {name: calls_of(function) for name, function in commands()}
