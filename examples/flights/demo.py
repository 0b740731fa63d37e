#!/usr/bin/env python3
"""The main job, from raw data to a production API that took a canary shift under live traffic, and then noticed that summer had come.

    python demo.py [--home DIR] [--time-scale N] [--times FILE]      `make demo` runs it

Real data: the flights and the weather of New York in 2013. It starts an engine, creates the system from its templates, lets an
upload start the pipeline, approves, pushes a commit, and sends real flights to the API while the new version takes over. Then
July's flights come, the monitor finds that temperatures have drifted, what turned out is handed in, and the drift starts a training
of its own, whose model has to be as good as the one before. It leaves the system up, and exits 0 only if all three executions
succeeded, no request failed, the monitor found what is true, and each new version's share of its canary step is what chance allows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import summer
from dataset import write_data, write_data_source
from findings import LEAST_REQUESTS, Findings, Shift, judge, summary
from replay import requests_of
from rich.console import Console
from rich.live import Live
from rich.table import Table

from mlsystem.cli.picture import finding_table, stage_table
from mlsystem.cli.state import pause
from mlsystem.client import engine, project
from mlsystem.client.connection import HOME_VARIABLE, Connection, default_home
from mlsystem.client.data import upload_data_source, upload_folder
from mlsystem.client.deployment import Deployment
from mlsystem.client.errors import ClientFailure, RunFailed
from mlsystem.client.invocation import invoke_endpoint
from mlsystem.client.monitoring import Monitoring
from mlsystem.client.pipeline import ENDED, ExecutionView, Pipeline
from mlsystem.client.repository import clone, git_environment
from mlsystem.client.traffic import Query, Traffic

T = TypeVar("T")
REQUESTS_PER_SECOND = 90.0
# January trained the model.
MONTHS = range(2, 13)
# Around the moments at which a shift was seen: an answer may be on its way.
MARGIN_SECONDS = 0.5
LOOK_MINUTES = 60
# July and what follows take no longer, on a busy machine either; and the monitor's own look.
HOUR_SECONDS, JULY_SECONDS, LOOK_SECONDS = 3600.0, 240.0, 45.0
NEW_GATE = "0.75"
GATE = re.compile(r"(threshold: )0\.\d+\n")


class Demo:
    def __init__(self, options: engine.UpOptions, console: Console):
        self._console = console
        self._options = options
        self._home = options.home
        self._work: Path
        self.findings = Findings()

    def run(self) -> None:
        self.to_production()
        self._step("Push a commit: a second execution", self._push)
        self._step("Second execution: train, gate, dev stage", self._to_approval)
        self._step("Canary shift under live traffic", lambda: self._shift("as good as before, under another gate"))
        self._step("July's flights come", self._summer)
        self._step("What turned out is handed in, and the monitor looks", self._look)
        self.promote_challenger()

    def to_production(self) -> None:
        self._step("Start the engine", self._start)
        self._step("Create the system from its templates", self._deploy)
        self._step("Upload the data: the upload starts the pipeline", self._upload)
        self._step("First execution: train, gate, dev stage", self._to_approval)
        self._step("Ask the dev endpoint, approve, go to production", self._approve_first)

    def promote_challenger(self) -> None:
        """The execution that drift has started."""
        self._step("An execution started by drift: challenger against champion", self._to_approval)
        self._step("Canary shift to the challenger", lambda: self._shift("it knows summer"))

    def next_steps(self) -> tuple[str, ...]:
        """Lines for a shell, to be typed in this order."""
        return (
            f"source {shlex.quote(str(Path(sys.prefix, 'bin', 'activate')))}",
            f"export {HOME_VARIABLE}={shlex.quote(str(self._home))}",
            f"cd {shlex.quote(str(self._work / 'project'))}",
            "mlsystem status",
            "mlsystem logs",
            "mlsystem history --retraining",
            'eval "$(mlsystem env)"; aws sagemaker list-endpoints',
            "mlsystem down",
        )

    def _step(self, title: str, work: Callable[[], None]) -> None:
        self._console.rule(f"[bold]{title}", align="left")
        started = time.monotonic()
        work()
        self.findings.seconds[title] = time.monotonic() - started

    # ------------------------------------------------------------------ steps
    def _start(self) -> None:
        if engine.is_running(self._home):
            raise ClientFailure(f"an engine is already running on {self._home}: `mlsystem down` ends it")
        started = engine.start(self._options)
        self._console.print(f"The engine is ready on {started.url}")
        if not started.is_isolated:
            engine.stop(self._home)
            raise ClientFailure(started.sentence)
        self.connection = Connection("local", self._home)
        if self.connection.client("cloudformation").describe_stacks()["Stacks"]:
            engine.stop(self._home)
            raise ClientFailure(
                f"{self._home} holds a system already, and what it has learned would be in the way: "
                f"take another folder with --home, or begin anew with rm -r {shlex.quote(str(self._home))}"
            )
        # It stays, for whoever goes on with the demo's project.
        self._work = Path(tempfile.mkdtemp(prefix="mlsystem-demo-"))

    def _deploy(self) -> None:
        folder = self._work / "project"
        project.create(folder)
        self.project = project.load(folder)
        self.deployment = Deployment(self.connection, self.project, lambda text: self._console.print(text, style="dim"))
        self.deployment.prepare()
        self.deployment.apply()
        for event in self.deployment.follow(lambda: pause(0.3)):
            if event.status.endswith(("COMPLETE", "FAILED")):
                self._console.print(f"{event.status:18} {event.type:36} {event.logical_id} {event.reason}", style="dim")
        self._pipeline = Pipeline(self.connection, self.project)
        # As on AWS, a new pipeline starts at once; there is no data yet, so that execution fails in its first stage.
        self._before = {execution.id for execution in self._wait_for(self._pipeline.executions)}

    def _upload(self) -> None:
        data = self._work / "data"
        counts = write_data(data)
        self._console.print(", ".join(f"{name}: {rows} rows" for name, rows in counts.items()))
        upload_folder(self.connection, self.project, data, "flights")
        archive = self._work / "data-source.zip"
        write_data_source(archive, self.project.dataset_bucket)
        bucket = self.deployment.resource("ArtifactBucket")
        self._console.print(upload_data_source(self.connection, self.project, bucket, archive))

    def _to_approval(self) -> None:
        """Watch the execution that has just been started until it waits for a person."""
        execution = self._wait_for(self._new_execution)
        self._before.add(execution.id)
        self._current = execution.id
        self._watch(lambda: self._pipeline.waiting_approval() is not None)

    def _approve_first(self) -> None:
        self._try_dev()
        self._approve("the flights of January are predicted well enough")
        self._watch(lambda: False)
        self.findings.api_url = self._outputs("prd")["ApiUrl"]

    def _push(self) -> None:
        clone(self.connection, self.project, self._work / "clone")
        settings = self._work / "clone" / "mlsystem.yaml"
        before = settings.read_text()
        settings.write_text(GATE.sub(rf"\g<1>{NEW_GATE}\n", before, count=1))
        self._git("commit", "--quiet", "--all", "--message", f"A gate of {NEW_GATE}", cwd=settings.parent)
        self._git("push", "--quiet", "origin", self.project.branch, cwd=settings.parent)
        self._console.print(f"Pushed: the gate asks for more than {NEW_GATE} now")

    def _shift(self, reason: str) -> None:
        before = self._outputs("prd")["EndpointName"]
        traffic = Traffic(self.findings.api_url, _endless_flights(), REQUESTS_PER_SECOND, tls=self.connection.tls())
        traffic.start()
        try:
            self._approve(reason)
            begin, end = self._watch_shift(traffic)
        finally:
            answers = traffic.stop()
        self.findings.answers += answers
        new_version = self._outputs("prd")["EndpointName"]
        if new_version == before:
            self.findings.problems.append("the production endpoint is still the old one")
        within = [
            answer
            for answer in answers
            if begin + MARGIN_SECONDS <= answer.started and answer.ended <= end - MARGIN_SECONDS
        ]
        self.findings.shifts.append(Shift(within, new_version))

    def _summer(self) -> None:
        if wait := seconds_past_hour(time.time()):
            self._console.print(
                f"The monitor is about to look by itself, at the full hour: {wait:.0f} s until that is over"
            )
            end = time.monotonic() + wait
            while time.monotonic() < end:
                pause(1.0)
        traffic = Traffic(self.findings.api_url, summer.queries(), REQUESTS_PER_SECOND, tls=self.connection.tls())
        traffic.start()
        answers = traffic.finish()
        self.findings.answers += answers
        self._console.print(f"{len(answers)} requests of {summer.ROWS} flights each have been answered")

    def _look(self) -> None:
        lines = summer.labels()
        self._console.print(f"{len(lines)} of them with what turned out: {self.hand_in('2013-07', lines)}")
        looked = Monitoring(self.connection, self.project).look(LOOK_MINUTES, pause)
        self._console.print(finding_table(looked.features))
        self._console.print(f"Drift: {looked.summary}")
        self._console.print(f"The page that shows it: {looked.report}", soft_wrap=True)
        self.findings.problems += summer.faults({one.feature: one.verdict for one in looked.features})

    def hand_in(self, name: str, labels: Sequence[str]) -> str:
        """What turned out, where the system looks for it; the URI."""
        bucket, key = self.project.dataset_bucket, f"{self.project.settings['retraining']['ground_truth']}{name}.jsonl"
        self.connection.client("s3").put_object(Bucket=bucket, Key=key, Body="\n".join(labels).encode())
        return f"s3://{bucket}/{key}"

    # ------------------------------------------------------------------ parts
    @property
    def canary_minutes(self) -> int:
        """How long the settings let the new version have a part of the traffic."""
        plan = re.fullmatch(r"Canary\d+Percent(\d+)Minutes?", self.project.settings["canary"]["deployment"])
        assert plan is not None, "the demo is of a canary"
        return int(plan[1])

    def _new_execution(self) -> ExecutionView | None:
        return next((item for item in self._pipeline.executions() if item.id not in self._before), None)

    def _watch(self, is_enough: Callable[[], bool]) -> None:
        """Show the stages until the current execution has ended, or until it is enough."""
        with Live(console=self._console, refresh_per_second=4) as live:
            while True:
                live.update(stage_table(self._pipeline.name, self._pipeline.stages()))
                execution = self._execution()
                if execution.status in ENDED or is_enough():
                    break
                pause(0.5)
        self._check(execution)

    def _watch_shift(self, traffic: Traffic) -> tuple[float, float]:
        """When the canary step was first and last seen, while the execution goes on to its end."""
        seen: list[float] = []
        with Live(console=self._console, refresh_per_second=4) as live:
            while True:
                weight = self._canary_weight()
                if weight:
                    seen.append(time.monotonic())
                live.update(_traffic_table(traffic, weight))
                execution = self._execution()
                if execution.status in ENDED:
                    break
                pause(0.2)
        self._check(execution)
        return (seen[0], seen[-1]) if seen else (0.0, 0.0)

    def _canary_weight(self) -> float:
        """The share of the new version that the alias gives it now; 0 while there is no shift."""
        function = self._outputs("prd")["ApiFunctionName"]
        alias = self.connection.client("lambda").get_alias(FunctionName=function, Name="live")
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return float(next(iter(weights.values()), 0.0))

    def _execution(self) -> ExecutionView:
        return next(item for item in self._pipeline.executions() if item.id == self._current)

    def _check(self, execution: ExecutionView) -> None:
        if execution.status not in ENDED:
            return
        full = self._pipeline.execution(execution.id)
        self.findings.executions.append(full)
        if execution.status != "Succeeded":
            words = " ".join(f"{run.name}: {run.error}" for run in full.runs if run.error)
            raise RunFailed(f"the execution {execution.id} ended as {execution.status}. {words}")

    def _try_dev(self) -> None:
        name = self._outputs("dev")["EndpointName"]
        body = next(requests_of([2], rows=5)).body
        answer = invoke_endpoint(self.connection, name, body.encode(), "text/csv", "text/csv")
        lines = zip(body.splitlines(), answer.body.splitlines(), strict=True)
        for flight, probability in lines:
            self._console.print(f"{flight:60} late with probability {float(probability):.2f}", highlight=False)

    def _approve(self, reason: str) -> None:
        self._pipeline.decide(True, f"Ada Demo: {reason}")
        self._console.print(f"Approved by Ada Demo: {reason}")

    def _outputs(self, stage: str) -> dict[str, str]:
        return self.deployment.outputs(self.project.deployed_stack(stage))

    def _git(self, *arguments: str, cwd: Path) -> None:
        identity = ["-c", "user.name=Ada Demo", "-c", "user.email=ada@example.com"]
        environment = git_environment(self.connection)
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClientFailure(f"git {arguments[0]} failed: {done.stderr.strip()}")

    def _wait_for(self, what: Callable[[], T | None], seconds: float = 60.0) -> T:
        deadline = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > deadline:
                raise ClientFailure("the pipeline did not start")
            pause(0.3)
        return found


def seconds_past_hour(now: float) -> float:
    """How long to wait until the full hour and what the monitor then does are over, where July would otherwise come in between: its own
    look would raise the alarm before it is known what turned out. `now` in seconds since the epoch.
    """
    left = HOUR_SECONDS - now % HOUR_SECONDS
    return left + LOOK_SECONDS if left < JULY_SECONDS else 0.0


def _endless_flights() -> Iterator[Query]:
    """Real flights, the year over and over, each request with an id of its own."""
    for lap in itertools.count():
        for request in requests_of(MONTHS):
            yield Query(f"{request.inference_id}-{lap}-{time.time_ns():x}", request.body)


def _traffic_table(traffic: Traffic, weight: float) -> Table:
    table = Table(title=f"live traffic, weight of the new version {weight:.0%}", title_justify="left")
    for column in ("version (its endpoint)", "answers"):
        table.add_column(column)
    for version, count in sorted(traffic.counts().items()):
        table.add_row(version or "(no answer)", str(count))
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description="The whole system once, on real data, on this machine.")
    parser.add_argument("--home", type=Path, default=default_home(), help="the engine's data folder")
    parser.add_argument("--time-scale", type=float, default=20.0, help="divide waits by this (default: 20)")
    parser.add_argument("--port", type=int, help="of the front door (default: 4580)")
    parser.add_argument("--runtime", default="auto", help="what programs run in: auto, sandbox or docker")
    parser.add_argument("--tls", action="store_true", help="all of it over HTTPS")
    parser.add_argument("--times", type=Path, help="write how long the stages took, as JSON")
    parser.add_argument(
        "--least-requests", type=int, default=LEAST_REQUESTS, help="of a canary step, for its share to be judged"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON, and the rest aside")
    given = parser.parse_args()
    console = Console(stderr=given.json)
    home = given.home.absolute()
    options = engine.UpOptions(home, given.port, given.time_scale, runtime=given.runtime, has_tls=given.tls)
    demo = Demo(options, console)
    try:
        demo.run()
    except (ClientFailure, RunFailed) as failure:
        console.print(f"[bold red]The demo failed:[/] {failure}")
        return 1
    problems = judge(demo.findings, given.least_requests)
    if given.json:
        told = {"api_url": demo.findings.api_url, "seconds": demo.findings.seconds, "problems": problems}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    console.print(summary(demo.findings))
    if given.times:
        times = demo.findings.times(given.time_scale, demo.canary_minutes)
        given.times.write_text(json.dumps(times, indent=1) + "\n")
    for problem in problems:
        console.print(f"[bold red]{problem}")
    console.print(f"\nThe API is at {demo.findings.api_url}. The system is left up; what to try next:", highlight=False)
    for line in demo.next_steps():
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
