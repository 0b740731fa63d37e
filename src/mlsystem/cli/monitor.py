"""monitor: look at once what production's requests are like; and the analyzer, on files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from mlsystem.cli.picture import finding_table
from mlsystem.cli.state import State, pause
from mlsystem.client.monitoring import Monitoring

# The analyzer reads its own options.
ANALYZER = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What production is asked, against what the model was trained on.", no_args_is_help=True)
    group.command("run")(run)
    for name, words in COMMANDS.items():
        group.command(name, help=words, context_settings=ANALYZER)(analyze)
    app.add_typer(group, name="monitor")


COMMANDS = {
    "profile": "Statistics and suggested constraints of files: a baseline.",
    "check": "Compare files with a baseline.",
    "report": "The page that tells what a check found.",
    "quality": "How good a model's answers are, by what turned out later.",
}


def run(
    context: typer.Context,
    minutes: Annotated[int, typer.Option(help="how far back to look", min=1, max=24 * 60)] = 60,
    page: Annotated[Path | None, typer.Option(help="a file for the page that shows what was found")] = None,
) -> None:
    """Check at once what production was asked in the last minutes; what it finds raises the drift alarm as ever."""
    state: State = context.obj
    monitoring = Monitoring(state.connection(), state.deployed_project())
    state.tell(f"Looking at the requests of {monitoring.schedule} in the last {minutes} minutes")
    looked = monitoring.look(minutes, pause)
    if page:
        page.write_bytes(monitoring.page(looked))
    if state.as_json:
        state.answer(asdict(looked))
    else:
        place = page or looked.report
        lines = [f"{looked.violations} violations", f"The page that shows it: {place}", f"Drift: {looked.summary}"]
        state.show(finding_table(looked.features), [Text(line) for line in lines])


def analyze(context: typer.Context) -> None:
    from mlsystem.monitor.command import run_command  # no other command should wait for DuckDB and NumPy

    state: State = context.obj
    arguments = [str(context.info_name), *context.args]
    code, text = run_command(
        arguments, lambda: datetime.now(UTC), "mlsystem monitor", lambda: state.connection().client("s3")
    )
    typer.echo(text, err=code != 0)
    raise typer.Exit(code)
