"""A longer past: a small pipeline that starts a small workflow ran so many times, as long_past.py multiplies what ran once.

The pages of the console want a whole system, which reached production: with the data folder of one, its sections are
asked for too, with so long a past of everything.
"""

from __future__ import annotations

import io
import json
import statistics
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import console_pages
from benchmarks.growing.growth import Growth, Ought, Quantity
from benchmarks.growing.live import at_rest_ms, engine_cpu_ms, engine_in, engine_processes
from benchmarks.long_past import multiply_kinds
from benchmarks.served import processes
from tests.live import LiveEngine, eventually
from tests.roles import role

NAME = "growth"
KINDS = ("codepipeline.execution", "stepfunctions.execution")
START, RUN, RUN_CPU = "engine's start, CPU", "one more execution", "engine's CPU of one more"
REST, MEMORY = "engine's CPU at rest, a second", "engine's memory"
PIPELINE_PAGE, WORKFLOW_PAGE = "list of pipeline executions", "list of workflow executions"
STATE, DESCRIBED = "state of the pipeline", "one workflow execution"
SECTIONS, SLOWEST = "the console's sections together", "the slowest of them"
FLAT_CALLS = (PIPELINE_PAGE, WORKFLOW_PAGE, STATE, DESCRIBED)
QUANTITIES = (
    Quantity(START, "s", Ought.BE_FLAT, 1.0),
    Quantity(RUN, "s", Ought.BE_FLAT, 0.5),
    Quantity(RUN_CPU, "ms", Ought.BE_FLAT, 50.0),
    *(Quantity(name, "ms", Ought.BE_FLAT, 10.0) for name in FLAT_CALLS),
    Quantity(REST, "ms", Ought.BE_FLAT, 10.0),
    Quantity(MEMORY, "MB", Ought.BE_FLAT, 20.0),
)
PAGES = (
    Quantity(SECTIONS, "ms", Ought.BE_FLAT, 200.0),
    Quantity(SLOWEST, "ms", Ought.BE_FLAT, 100.0),
)
RUNS, CALLS, ROUNDS = 3, 15, 5
PAGE = 10


def measure(sizes: Sequence[int], folder: Path) -> Growth:
    growth = Growth("executions", "executions", QUANTITIES)
    with engine_in(folder / "engine") as engine:
        _make(engine)
        _run(engine)
    there = 2
    for size in sizes:
        multiply_kinds(folder / "engine" / "state.db", dict.fromkeys(KINDS, size - there))
        with engine_in(folder / "engine") as engine:
            started = processes.cpu_seconds(engine_processes(engine))
            growth.points[size] = {START: round(started, 2), **_measured(engine)}
        there = max(there, size)
    return growth


def measure_pages(sizes: Sequence[int], state: Path, folder: Path) -> Growth:
    growth = Growth("console", "executions", PAGES)
    for size in sizes:
        with console_pages.past_of(state, size, folder / f"{size}-executions") as origin:
            [found] = console_pages.measure([origin], ROUNDS, depth=0)
        told = {kind: value for kind, value in found.items() if kind.partition("?")[0] not in console_pages.DOWNLOADS}
        growth.points[size] = {SECTIONS: round(sum(told.values()), 1), SLOWEST: round(max(told.values()), 1)}
    return growth


def _action(name: str, category: str, provider: str, **members: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **members}


def _make(engine: LiveEngine) -> None:
    """The workflow, and the pipeline that starts it, whose creation starts an execution."""
    s3, stepfunctions = engine.client("s3"), engine.client("stepfunctions")
    s3.create_bucket(Bucket=NAME)
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("data.txt", "data")
    s3.put_object(Bucket=NAME, Key="data.zip", Body=stream.getvalue())
    states = {"First": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Succeed"}}
    definition = json.dumps({"StartAt": "First", "States": states})
    machine = stepfunctions.create_state_machine(name=NAME, definition=definition, roleArn=role(engine, NAME))
    source = {"S3Bucket": NAME, "S3ObjectKey": "data.zip", "PollForSourceChanges": "false"}
    started = {"StateMachineArn": machine["stateMachineArn"], "InputType": "Literal", "Input": "{}"}
    actions = {
        "Source": _action("Data", "Source", "S3", configuration=source, outputArtifacts=[{"name": "Data"}]),
        "Run": _action("Run", "Invoke", "StepFunctions", configuration=started, inputArtifacts=[{"name": "Data"}]),
    }
    engine.client("codepipeline").create_pipeline(
        pipeline={
            "name": NAME,
            "roleArn": role(engine, NAME),
            "artifactStore": {"type": "S3", "location": NAME},
            "stages": [{"name": name, "actions": [action]} for name, action in actions.items()],
            "pipelineType": "V2",
            "executionMode": "SUPERSEDED",
        }
    )
    eventually(lambda: _newest(engine)["status"] != "InProgress")


def _newest(engine: LiveEngine) -> dict[str, Any]:
    listed = eventually(
        lambda: engine.client("codepipeline").list_pipeline_executions(pipelineName=NAME, maxResults=1)[
            "pipelineExecutionSummaries"
        ]
    )
    return dict(listed[0])


def _run(engine: LiveEngine) -> None:
    """An execution of the pipeline, to its end."""
    codepipeline = engine.client("codepipeline")
    execution = codepipeline.start_pipeline_execution(name=NAME)["pipelineExecutionId"]

    def status() -> str:
        found = codepipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    eventually(lambda: status() not in ("InProgress", "Stopping"), interval=0.05)
    if status() != "Succeeded":
        raise SystemExit(f"execution {execution} is {status()}")


def _measured(engine: LiveEngine) -> dict[str, float]:
    codepipeline, stepfunctions = engine.client("codepipeline"), engine.client("stepfunctions")
    [machine] = stepfunctions.list_state_machines()["stateMachines"]
    arn = machine["stateMachineArn"]
    executions = stepfunctions.list_executions(stateMachineArn=arn, maxResults=PAGE)["executions"]
    calls: dict[str, Callable[[], object]] = {
        PIPELINE_PAGE: lambda: codepipeline.list_pipeline_executions(pipelineName=NAME, maxResults=PAGE),
        WORKFLOW_PAGE: lambda: stepfunctions.list_executions(stateMachineArn=arn, maxResults=PAGE),
        STATE: lambda: codepipeline.get_pipeline_state(name=NAME),
        DESCRIBED: lambda: stepfunctions.describe_execution(executionArn=executions[-1]["executionArn"]),
    }
    _run(engine)  # the first after a start reads what is needed once
    began = time.monotonic()
    cpu_ms = engine_cpu_ms(engine, lambda: _run(engine), RUNS)
    return {
        RUN: round((time.monotonic() - began) / RUNS, 3),
        RUN_CPU: round(cpu_ms),
        **{name: round(_milliseconds(call), 1) for name, call in calls.items()},
        REST: round(at_rest_ms(engine), 1),
        MEMORY: round(processes.megabytes(engine_processes(engine)), 1),
    }


def _milliseconds(call: Callable[[], object]) -> float:
    """The fastest tenth, which others on the machine delay least."""
    found = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1e3)
    return statistics.quantiles(found, n=10)[0]
