"""Carries out a pipeline's actions, and learns of their ends from the rooms that do the work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.codepipeline.execution import Execution, ExecutionMachine, Run, RunStatus
from mlsystem.engine.services.codepipeline.providers import PROVIDERS, stack_answer
from mlsystem.engine.services.codepipeline.work import Answer, Work, failed, succeeded
from mlsystem.engine.store.database import Transaction

VARIABLE = re.compile(r"#\{(?P<namespace>[A-Za-z0-9@_-]+)\.(?P<name>[A-Za-z0-9@_-]+)\}")
ENDED = {"SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED", "ABORTED"}


class Actions(Part):
    """`start_action` asks a provider; `finish_action` reads how what it started has ended."""

    def __init__(self, house: House, machine: ExecutionMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"codepipeline.start_action": self._start}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {
            "codebuild.build.ended": self._on_ended("id"),
            "cloudformation.stack.settled": self._on_ended("stack_id"),
            "stepfunctions.execution.ended": self._on_ended("arn"),
        }

    # ------------------------------------------------------------------ start
    def _start(self, call: ActionCall) -> Event | None:
        execution, run = self._find(call)
        if execution is None or run is None or run.status is not RunStatus.IN_PROGRESS:
            return None
        work = self._work(execution, run)
        provider = PROVIDERS[work.action["actionTypeId"]["provider"]]
        try:
            answer = provider(work)
        except ActionFailed as failure:
            answer = failed(failure.reason, failure.code)
        members = {"configuration": work.configuration, **answer.members}
        if answer.is_ended:
            return Event("action_ended", {"run": run.id, **members})
        # First what was started is known to all, then it is asked whether it has ended already: so no end is missed.
        with self._house.database.transaction() as tx:
            self._house.worker.send(tx, Execution, execution.key, Event("action_started", {"run": run.id, **members}))
        return self._ended(work, members.get("external_id", ""))

    def _work(self, execution: Execution, run: Run) -> Work:
        action = execution.action(run.stage, run.action)
        given = {name: str(value) for name, value in action.get("configuration", {}).items()}
        configuration = {name: self._resolve(value, execution) for name, value in given.items()}
        role = action.get("roleArn") or execution.definition["roleArn"]
        principal = self._house.session_of(role, execution.key, "codepipeline")
        return Work(self._house, principal, execution, run, action, configuration)

    def _resolve(self, text: str, execution: Execution) -> str:
        """`#{Namespace.Variable}`; what no action set stays empty, as an unknown namespace is refused by name."""

        def replace(match: re.Match[str]) -> str:
            namespace, name = match["namespace"], match["name"]
            if namespace == "codepipeline" and name == "PipelineExecutionId":
                return execution.key
            values = execution.variables if namespace == "variables" else self._namespace(execution, namespace)
            if values is None or name not in values:
                raise ActionFailed(f"the variable {match[0]} has no value", "ConfigurationError")
            return values[name]

        return VARIABLE.sub(replace, text)

    def _namespace(self, execution: Execution, namespace: str) -> dict[str, str] | None:
        for run in reversed(execution.runs):
            if (
                execution.action(run.stage, run.action).get("namespace") == namespace
                and run.status is RunStatus.SUCCEEDED
            ):
                return run.variables
        return None

    # ------------------------------------------------------------------ end
    def _on_ended(self, member: str) -> NoticeHandler:
        def handler(tx: Transaction, topic: str, data: Json) -> None:
            for execution in tx.all(Execution, state="InProgress") + tx.all(Execution, state="Stopping"):
                for run in execution.runs:
                    if run.external_id == data[member] and run.status is RunStatus.IN_PROGRESS:
                        event = self._ended(self._work(execution, run), run.external_id)
                        if event is not None:
                            self._house.worker.send(tx, Execution, execution.key, event)

        return handler

    def _ended(self, work: Work, external_id: str) -> Event | None:
        answer = self._look(work, external_id)
        if answer is None or not answer.is_ended:
            return None
        return Event("action_ended", {"run": work.run.id, **answer.members})

    def _look(self, work: Work, external_id: str) -> Answer | None:
        """How the provider's work stands; None where only a client can end it."""
        match work.action["actionTypeId"]["provider"]:
            case "CodeBuild":
                return self._look_at_build(work, external_id)
            case "CloudFormation":
                return stack_answer(work, external_id)
            case "StepFunctions":
                return self._look_at_execution(work, external_id)
            case _:
                return None

    def _look_at_build(self, work: Work, build_id: str) -> Answer | None:
        build = work.call("codebuild", "BatchGetBuilds", {"ids": [build_id]})["builds"][0]
        if build["buildStatus"] not in ENDED:
            return None
        variables = {item["name"]: item["value"] for item in build.get("exportedEnvironmentVariables", ())}
        if build["buildStatus"] == "SUCCEEDED":
            return succeeded(variables=variables)
        words = [context["message"] for phase in build["phases"] for context in phase.get("contexts", ())]
        return failed(f"Build {build_id} is {build['buildStatus']}. {' '.join(words)}".strip())

    def _look_at_execution(self, work: Work, arn: str) -> Answer | None:
        try:
            execution = work.house.call("stepfunctions", "DescribeExecution", {"executionArn": arn}, work.principal)
        except AwsError as error:
            return failed(error.message, error.code)
        if execution["status"] not in ENDED:
            return None
        if execution["status"] == "SUCCEEDED":
            return succeeded(summary=execution.get("output", "")[:2000])
        words = f"{execution.get('error', '')}: {execution.get('cause', '')}".strip(": ")
        return failed(f"The execution {execution['status'].lower()}. {words}".strip())

    def _find(self, call: ActionCall) -> tuple[Execution | None, Run | None]:
        with self._house.database.reading() as tx:
            execution = tx.get(Execution, call.owner_key)
        if execution is None:
            return None, None
        return execution, next((run for run in execution.runs if run.id == call.data["run"]), None)
