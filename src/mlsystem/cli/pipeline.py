"""run, retrain, status, history, approve, reject, stop, retry: the pipeline and what a person decides."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.live import Live

from mlsystem.cli.picture import decision_table, history_table, reasons, stage_table
from mlsystem.cli.state import State, pause
from mlsystem.client.errors import RunFailed
from mlsystem.client.pipeline import ENDED, Pipeline
from mlsystem.client.releases import Releases
from mlsystem.client.retraining import Retraining

Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="stay and show how it goes, until it ends or waits for a person")
]


def register(app: typer.Typer) -> None:
    for command in (run, retrain, status, history, approve, reject, stop, retry):
        app.command()(command)


def run(context: typer.Context, watch: Watch = False) -> None:
    """Start an execution of the pipeline."""
    state: State = context.obj
    pipeline = Pipeline(state.connection(), state.deployed_project())
    execution = pipeline.start()
    if not (watch and state.as_json):
        state.answer({"execution": execution}, f"Started {execution}")
    if watch:
        _watch(state, pipeline)


def retrain(context: typer.Context) -> None:
    """Ask for a training on what production was asked, as drift does: the same limits hold."""
    state: State = context.obj
    endpoint = Retraining(state.connection(), state.deployed_project()).ask()
    words = f"Asked, for the requests of {endpoint}. `mlsystem history --retraining` tells what was decided"
    state.answer({"endpoint": endpoint}, words)


def status(context: typer.Context, watch: Watch = False) -> None:
    """Show each stage and action of the pipeline, and what programs run in."""
    state: State = context.obj
    connection = state.connection()
    if connection.engine is not None:
        state.tell(connection.engine.runtime())
    pipeline = Pipeline(connection, state.deployed_project())
    if watch:
        _watch(state, pipeline)
        return
    stages = pipeline.stages()
    if state.as_json:
        state.answer([asdict(stage) for stage in stages])
    else:
        state.show(stage_table(pipeline.name, stages), reasons(action for stage in stages for action in stage.actions))


def history(
    context: typer.Context,
    execution: Annotated[str | None, typer.Argument(help="one execution, with its actions")] = None,
    limit: Annotated[int, typer.Option(help="how many", min=1, max=100)] = 20,
    at: Annotated[
        datetime | None,
        typer.Option(help="what served in production then, UTC", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]),
    ] = None,
    retraining: Annotated[
        bool, typer.Option("--retraining", help="what started trainings, and what was refused, with reasons")
    ] = False,
) -> None:
    """List executions: what started them, of which commit and data, how they ended. With --at: what served then."""
    state: State = context.obj
    if retraining:
        _decisions(state, limit)
        return
    if at is not None:
        _served(state, at)
        return
    pipeline = Pipeline(state.connection(), state.deployed_project())
    found = [pipeline.execution(execution)] if execution else pipeline.executions(limit)
    if state.as_json:
        state.answer([item.as_json() for item in found])
    else:
        state.show(history_table(pipeline.name, found), reasons(run for item in found for run in item.runs))


def _decisions(state: State, limit: int) -> None:
    decisions = Retraining(state.connection(), state.deployed_project()).decisions(limit)
    if state.as_json:
        state.answer([asdict(one) for one in decisions])
    else:
        state.show(decision_table(decisions), [])


def _served(state: State, at: datetime) -> None:
    served, release = Releases(state.connection(), state.deployed_project()).served_at(at.replace(tzinfo=UTC))
    by = f"deployment {served.deployment}" if served.deployment else "the creation of the stack"
    words = f"Version {release.version} served, since {served.since}, by {by}: {release.endpoint}"
    state.answer({**asdict(release), **asdict(served)}, words)


def approve(context: typer.Context, reason: Annotated[str, typer.Option("--reason", "-r", help="why")]) -> None:
    """Approve what waits: the model goes to production."""
    _decide(context.obj, True, reason)


def reject(context: typer.Context, reason: Annotated[str, typer.Option("--reason", "-r", help="why")]) -> None:
    """Reject what waits: production stays as it is."""
    _decide(context.obj, False, reason)


def _decide(state: State, approved: bool, reason: str) -> None:
    execution = Pipeline(state.connection(), state.deployed_project()).decide(approved, reason)
    words = "approved" if approved else "rejected"
    state.answer({"execution": execution, "decision": words}, f"{execution} is {words}: {reason}")


def stop(
    context: typer.Context,
    execution: Annotated[str | None, typer.Argument(help="default: the newest one")] = None,
    abandon: Annotated[bool, typer.Option("--abandon", help="do not wait for actions that run")] = False,
    reason: Annotated[str, typer.Option("--reason", "-r")] = "stopped by mlsystem",
) -> None:
    """Stop an execution."""
    state: State = context.obj
    pipeline = Pipeline(state.connection(), state.deployed_project())
    chosen = execution or pipeline.execution().id
    pipeline.stop(chosen, abandon, reason)
    state.answer({"execution": chosen}, f"{chosen} is being stopped")


def retry(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="every action of the stage, not only those that failed")
    ] = False,
) -> None:
    """Retry the stage that failed."""
    state: State = context.obj
    stage, execution = Pipeline(state.connection(), state.deployed_project()).retry(everything)
    state.answer({"stage": stage, "execution": execution}, f"{stage} of {execution} is tried again")


def _watch(state: State, pipeline: Pipeline) -> None:
    """Until the newest execution has ended, or waits for a person. Exit code 2 when it failed."""
    with Live(console=state.err, refresh_per_second=4, transient=state.as_json) as live:
        while True:
            stages = pipeline.stages()
            live.update(stage_table(pipeline.name, stages))
            newest = pipeline.newest_run()
            if newest.status in ENDED or any(action.token for stage in stages for action in stage.actions):
                break
            pause()
    state.answer({"execution": newest.id, "status": newest.status})
    if newest.status == "Failed":
        errors = [f"{run.name}: {run.error}" for run in pipeline.execution(newest.id).runs if run.error]
        raise RunFailed(f"the execution {newest.id} failed. {' '.join(errors)}")
