"""drill: whether production is protected, tried with known faults."""

from __future__ import annotations

import signal
from dataclasses import asdict
from typing import Annotated

import typer

from mlsystem.cli.picture import drill_table
from mlsystem.cli.state import State, pause
from mlsystem.client.drill.drill import Drill, chosen
from mlsystem.client.errors import RunFailed


def register(app: typer.Typer) -> None:
    app.command()(drill)


def drill(
    context: typer.Context,
    case: Annotated[list[str] | None, typer.Option("--case", help="only this one; may be given more than once")] = None,
    rate: Annotated[float, typer.Option(help="requests a second that the drill sends", min=1)] = 60.0,
) -> None:
    """Deploy known faults to production under traffic that this sends, and see each of them taken back."""
    state: State = context.obj
    # Whoever ends it, it leaves production with a known good version.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cases = chosen(case or [])
    verdicts = list(Drill(state.connection(), state.project(), rate).run(cases, state.tell, lambda: pause(0.2)))
    if state.as_json:
        state.answer([asdict(verdict) for verdict in verdicts])
    else:
        state.show(drill_table(verdicts), ())
    problems = [f"{verdict.case.name}: {problem}" for verdict in verdicts for problem in verdict.problems]
    if problems:
        raise RunFailed(f"the drill found {len(problems)} problem(s). {' '.join(problems)}")
