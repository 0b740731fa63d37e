"""What a person is told of a state of the workflow: where it leads, how often it is tried, the job that it began. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.client.workflow_visits import StateVisit
from mlsystem.console.graph.machine import condition
from mlsystem.console.started import FUNCTIONS, log_path

LONGEST = 20_000  # characters of a value that are shown
# The jobs of SageMaker: how their names are given, and where they log.
JOBS = {
    "TrainingJobName": "/aws/sagemaker/TrainingJobs",
    "ProcessingJobName": "/aws/sagemaker/ProcessingJobs",
    "TransformJobName": "/aws/sagemaker/TransformJobs",
}


@dataclass(frozen=True)
class Job:
    """What a state began, and the page with its log."""

    name: str
    log: str


def job(visit: StateVisit) -> Job | None:
    try:
        given = json.loads(visit.arguments)
    except ValueError:
        return None
    if not isinstance(given, dict):
        return None
    if visit.resource.startswith("sagemaker:create"):
        found = next((name for name in JOBS if name in given), None)
        return Job(given[found], log_path(JOBS[found], f"{given[found]}/")) if found else None
    if visit.resource.startswith("lambda:") and "FunctionName" in given:
        function = str(given["FunctionName"]).partition(":function:")[2] or str(given["FunctionName"])
        return Job(function, log_path(FUNCTIONS + function.partition(":")[0]))
    return None


def pretty(text: str) -> str:
    """JSON with a member a line; what is no JSON as it is. Too long a value is cut, and says so."""
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        shown = text
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[:LONGEST]}\n… {len(shown) - LONGEST:,} characters more"


def ways(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(When, the state that follows)."""
    found = [(condition(rule), rule.get("Next", "")) for rule in state.get("Choices", ())]
    if "Default" in state:
        found.append(("otherwise", state["Default"]))
    if "Next" in state:
        found.append(("then", state["Next"]))
    if state.get("End"):
        found.append(("then", "the end"))
    for catcher in state.get("Catch", ()):
        found.append((f"on {', '.join(catcher.get('ErrorEquals', ()))}", catcher.get("Next", "")))
    return found


def retries(state: Mapping[str, Any]) -> list[str]:
    """How often what is tried again. The defaults are those of the language."""
    return [
        f"{rule.get('MaxAttempts', 3)} times, first after {rule.get('IntervalSeconds', 1)} s, then each time "
        f"{rule.get('BackoffRate', 2.0):g} times as long, on {', '.join(rule.get('ErrorEquals', ()))}"
        for rule in state.get("Retry", ())
    ]
