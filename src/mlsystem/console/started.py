"""Where to look at what an action of the pipeline started: its workflow, its log, the page that belongs to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from mlsystem.client.pipeline import ActionView

BUILDS, FUNCTIONS = "/aws/codebuild/", "/aws/lambda/"
ROLLOUT_STACK = "-deploy-prd"


@dataclass(frozen=True)
class Link:
    """`path` is one of the project's pages."""

    words: str
    path: str


def log_path(group: str, stream: str = "", words: str = "") -> str:
    """`stream` may be the beginning of streams' names."""
    given = {"group": group, "stream": stream, "words": words}
    return f"/logs/lines?{urlencode({name: value for name, value in given.items() if value})}"


def workflow_path(execution: str, state: str = "") -> str:
    """`execution` is a name or an ARN."""
    given = {"execution": execution.rpartition(":")[2], "state": state}
    return f"/workflow?{urlencode({name: value for name, value in given.items() if value})}"


def links(action: ActionView) -> list[Link]:
    match action.provider:
        case "CodeBuild" if action.external_id:
            project, _, build = action.external_id.partition(":")
            return [Link("Build log", log_path(f"{BUILDS}{project}", build))]
        case "StepFunctions" if action.external_id:
            return [Link("Workflow", workflow_path(action.external_id))]
        case "Lambda" if name := action.configuration.get("FunctionName", ""):
            return [Link("Function log", log_path(f"{FUNCTIONS}{name}"))]
        case "CloudFormation" if action.configuration.get("StackName", "").endswith(ROLLOUT_STACK):
            return [Link("Rollout", "/rollout")]
        case "Manual":
            return [Link("Approval", "/approval")]
        case _:
            return []
