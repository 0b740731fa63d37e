"""The training workflow: its state machine, its executions, and what each state of an execution did.

Which state machine is told by the pipeline's action that starts it. History is read in pages of AWS's largest size, and no further than
`MOST_EVENTS`: what a longer execution did afterwards is not shown, and `is_whole` says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.codepipeline import CodePipeline
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project
from mlsystem.client.workflow_visits import Visits, visits_of

PAGE = 15
EVENTS_PAGE, MOST_EVENTS = 1000, 5000
PROVIDER = "StepFunctions"


@dataclass(frozen=True)
class WorkflowRun:
    """One execution. `stopped` None: it runs."""

    arn: str
    name: str
    status: str
    started: datetime
    stopped: datetime | None


@dataclass(frozen=True)
class WorkflowPage:
    """Newest first; `older` is AWS's token, empty on the last page."""

    runs: tuple[WorkflowRun, ...]
    older: str = ""


@dataclass(frozen=True)
class RunInFull:
    """With what it was given and gave, as JSON's text, and why it failed."""

    run: WorkflowRun
    input: str
    output: str
    error: str
    cause: str


@dataclass(frozen=True)
class Record:
    """What the states of an execution did; `is_whole` False: its history is longer than what is read."""

    visits: Visits
    is_whole: bool


class Workflow:
    """Of one project. Raises NotFound where there is none, ClientFailure where AWS refuses."""

    def __init__(self, connection: Connection, project: Project):
        self._client = connection.client("stepfunctions")
        self._codepipeline = CodePipeline(connection, project.pipeline)
        self._name = project.pipeline
        self.arn = self._find()

    def definition(self, execution: str = "") -> Mapping[str, Any]:
        """In Amazon States Language, as it is now, or as it was when an execution began."""
        if execution:
            asked = {"executionArn": self.execution_arn(execution)}
            return dict(json.loads(self._ask("describe_state_machine_for_execution", **asked)["definition"]))
        return dict(json.loads(self._ask("describe_state_machine", stateMachineArn=self.arn)["definition"]))

    def runs(self, token: str = "", size: int = PAGE) -> WorkflowPage:
        more = {"nextToken": token} if token else {}
        found = self._ask("list_executions", stateMachineArn=self.arn, maxResults=size, **more)
        return WorkflowPage(tuple(_run(item) for item in found["executions"]), found.get("nextToken", ""))

    def run(self, execution: str) -> RunInFull:
        """By its name."""
        item = self._ask("describe_execution", executionArn=self.execution_arn(execution))
        told = (str(item.get(name, "")) for name in ("input", "output", "error", "cause"))
        return RunInFull(_run(item), *told)

    def record(self, execution: str, with_data: bool = False) -> Record:
        """`with_data`: with what states were given and gave, which may be much."""
        arn, token = self.execution_arn(execution), ""
        events: list[Mapping[str, Any]] = []
        while len(events) < MOST_EVENTS:
            more = {"nextToken": token} if token else {}
            asked = {"executionArn": arn, "maxResults": EVENTS_PAGE, "includeExecutionData": with_data, **more}
            found = self._ask("get_execution_history", **asked)
            events += found["events"]
            token = found.get("nextToken", "")
            if not token:
                break
        return Record(visits_of(events), not token)

    def execution_arn(self, name: str) -> str:
        """https://docs.aws.amazon.com/step-functions/latest/dg/auth-and-access-control-sfn.html"""
        return f"{self.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"

    # ------------------------------------------------------------------ inner
    def _find(self) -> str:
        for stage in self._codepipeline.declared()["stages"]:
            for action in stage["actions"]:
                if action["actionTypeId"]["provider"] == PROVIDER:
                    return str(action["configuration"]["StateMachineArn"])
        raise NotFound(f"no action of the pipeline {self._name} starts a workflow")

    def _ask(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            return dict(getattr(self._client, operation)(**request))
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in ("StateMachineDoesNotExist", "ExecutionDoesNotExist"):
                raise NotFound(message) from error
            raise ClientFailure(f"{operation}: {message} ({code})") from error


def _run(item: Mapping[str, Any]) -> WorkflowRun:
    return WorkflowRun(item["executionArn"], item["name"], item["status"], item["startDate"], item.get("stopDate"))
