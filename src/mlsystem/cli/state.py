"""What every command shares: where to work, and how to speak."""

from __future__ import annotations

import json
import select
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from mlsystem.client.connection import Connection, Target
from mlsystem.client.project import Project, load


@dataclass
class State:
    """The options before the command."""

    target: Target
    home: Path
    project_folder: Path
    as_json: bool
    out: Console
    err: Console

    def connection(self) -> Connection:
        return Connection(self.target, self.home)

    def project(self) -> Project:
        return load(self.project_folder)

    def deployed_project(self) -> Project:
        """For whoever asks about what is deployed, or takes it back: settings that could not be deployed do not matter."""
        return load(self.project_folder, names_only=True)

    def tell(self, text: str) -> None:
        """Progress for a person: on standard error, and not at all for machines."""
        if not self.as_json:
            self.err.print(text, style="dim", highlight=False)

    def answer(self, value: Any, text: str | None = None) -> None:
        """The command's result: JSON for machines, else `text`."""
        if self.as_json:
            # Not through the console, which may have been told to colour what it prints.
            self.out.file.write(json.dumps(value, indent=2, default=str) + "\n")
        elif text is not None:
            self.out.print(text, highlight=False)

    def answer_line(self, value: Any, text: str) -> None:
        """One of a stream of results, which has no end to wait for: for machines a line of JSON each."""
        if self.as_json:
            self.out.file.write(json.dumps(value, default=str) + "\n")
            self.out.file.flush()
        else:
            self.out.print(text, highlight=False)

    def draw(self, what: RenderableType) -> None:
        self.out.print(what)

    def show(self, table: Table, lines: Sequence[Text]) -> None:
        """A table, and below it lines that no table may shorten: not even wrapped, so that they can be searched."""
        self.out.print(table)
        for line in lines:
            self.out.print(line, soft_wrap=True)


def pause(seconds: float = 1.0) -> None:
    """Between two looks at something that is watched."""
    select.select([], [], [], seconds)
