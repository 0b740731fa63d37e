"""What the demo saw, whether it is as it must be, and how it is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from mlsystem.client.pipeline import ExecutionView
from mlsystem.client.share import binomial_interval
from mlsystem.client.stage_times import stage_seconds
from mlsystem.client.traffic import Answer

CANARY_SHARE = 0.10
CONFIDENCE = 0.999
LEAST_REQUESTS = 1000
EXECUTIONS = 3


@dataclass(frozen=True)
class Shift:
    """What was answered while a new version had a part of the traffic."""

    answers: list[Answer]
    new_version: str

    @property
    def hits(self) -> int:
        """Answers by the new version."""
        return sum(answer.version == self.new_version for answer in self.answers)


@dataclass
class Findings:
    """What the summary is made of."""

    seconds: dict[str, float] = field(default_factory=dict)
    executions: list[ExecutionView] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    api_url: str = ""
    problems: list[str] = field(default_factory=list)

    def times(self, time_scale: float, canary_minutes: int) -> dict[str, Any]:
        """Seconds of stages and of all, as docs/stage-times.json has them."""
        return {
            "cores": os.cpu_count(),
            "time_scale": time_scale,
            "canary_seconds": canary_minutes * 60 / time_scale,
            "executions": [stage_seconds(execution.runs) for execution in self.executions],
            "all_seconds": sum(self.seconds.values()),
        }


def judge(findings: Findings, least_requests: int = LEAST_REQUESTS) -> list[str]:
    """What is wrong; nothing, if all is well. Of fewer requests a canary step is not judged, which is wrong too."""
    problems = list(findings.problems)
    failed = [answer for answer in findings.answers if answer.has_failed]
    if failed:
        problems.append(f"{len(failed)} requests failed, the first with {failed[0].status} {failed[0].body[:200]}")
    succeeded = [execution for execution in findings.executions if execution.status == "Succeeded"]
    if len(succeeded) != EXECUTIONS:
        problems.append(f"{len(succeeded)} of {EXECUTIONS} executions succeeded")
    return problems + [problem for shift in findings.shifts for problem in _faults(shift, least_requests)]


def _faults(shift: Shift, least_requests: int) -> list[str]:
    trials = len(shift.answers)
    if trials < least_requests:
        return [f"a canary step had {trials} requests, at least {least_requests} are needed to judge"]
    low, high = binomial_interval(trials, CANARY_SHARE, CONFIDENCE)
    if low <= shift.hits <= high:
        return []
    return [
        f"{shift.hits} of {trials} answers of a canary step came from the new version; chance allows {low} to {high}"
    ]


def summary(findings: Findings) -> Table:
    table = Table(title="What happened", title_justify="left")
    table.add_column("step or stage")
    table.add_column("seconds", justify="right")
    for title, seconds in findings.seconds.items():
        table.add_row(title, f"{seconds:.1f}")
    for number, execution in enumerate(findings.executions, 1):
        table.add_section()
        for run in execution.runs:
            table.add_row(f"execution {number}: {run.name}", f"{run.seconds or 0:.1f}")
    table.add_section()
    failed = sum(answer.has_failed for answer in findings.answers)
    table.add_row(f"requests sent: {len(findings.answers)}, failed: {failed}", "")
    for shift in findings.shifts:
        share = shift.hits / max(len(shift.answers), 1)
        table.add_row(f"canary step: {shift.hits} of {len(shift.answers)} answers by the new version ({share:.1%})", "")
    return table
