"""The question to a person whether a model goes to production: what waits, what was decided, and deciding.

A decision names the question by its token, which CodePipeline gives each one anew: whoever decides decides about what they have seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.codepipeline import CodePipeline
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project

CATEGORY = "Approval"
# https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ApprovalResult.html
LONGEST_SUMMARY = 512
LATE = ("ApprovalAlreadyCompletedException", "InvalidApprovalTokenException")
PAGE = 100
_SIGNED = re.compile(
    r"(?P<reason>.*) \((?:(?P<person>[^()]+), console|by (?P<link>the link mailed to [^()]+))\)", re.DOTALL
)
_WORDS = {"InProgress": "waiting", "Succeeded": "approved", "Failed": "rejected"}


class DecidedBefore(ClientFailure):
    """Somebody else was quicker, or the pipeline asks no more."""


@dataclass(frozen=True)
class Question:
    """One approval. `token` is there while it waits, `person` and `reason` since it was decided.

    `words` is what the pipeline tells whom it asks, `run` the id of the action's run: a stage that is retried asks anew.
    """

    execution: str
    stage: str
    action: str
    status: str
    asked: datetime
    changed: datetime
    words: str = ""
    token: str = ""
    person: str = ""
    reason: str = ""
    run: str = ""

    @property
    def outcome(self) -> str:
        """waiting, approved or rejected; withdrawn where the pipeline does not ask any more, such as for a newer execution."""
        return _WORDS.get(self.status, "withdrawn")


@dataclass(frozen=True)
class Candidate:
    """An execution with the model that it would bring: `training` is the workflow's execution, empty where it did not come so far."""

    execution: str
    question: Question | None
    training: str
    dev_endpoint: str
    build_seconds: float
    action_seconds: float


class Approvals:
    """Of one pipeline. Raises NotFound where it does not exist, ClientFailure where AWS refuses."""

    def __init__(self, connection: Connection, project: Project):
        self._client = connection.client("codepipeline")
        self._codepipeline = CodePipeline(connection, project.pipeline)
        self._pipeline = project.pipeline

    def waiting(self) -> str:
        """The execution that waits for a person; empty where none does."""
        return next((execution for execution, _ in self._tokens()), "")

    def candidate(self, execution: str) -> Candidate:
        """Raises NotFound for an execution that the pipeline does not know."""
        found = self._codepipeline.ask(
            "list_action_executions",
            pipelineName=self._pipeline,
            filter={"pipelineExecutionId": execution},
            maxResults=PAGE,
        )["actionExecutionDetails"]
        if not found:
            raise NotFound(f"the pipeline {self._pipeline} has no execution {execution}")
        question = next((_question(item) for item in found if _category(item) == CATEGORY), None)
        if question is not None and question.outcome == "waiting":
            token = next((token for one, token in self._tokens() if one == execution), "")
            question = _with_token(question, token)
        return _candidate(execution, question, found)

    def decided(self, page: str = "") -> tuple[list[Question], str]:
        """The newest questions, and the token of the page with older ones; empty behind the last."""
        more = {"nextToken": page} if page else {}
        found = self._codepipeline.ask("list_action_executions", pipelineName=self._pipeline, maxResults=PAGE, **more)
        questions = [_question(item) for item in found["actionExecutionDetails"] if _category(item) == CATEGORY]
        return questions, found.get("nextToken", "")

    def decide(self, question: Question, approved: bool, reason: str, person: str, by_link: bool = False) -> None:
        """`question` as it was shown, with its token; `person` decides by a mailed link or in their own name.

        Raises DecidedBefore, and ClientFailure for a reason that is missing or too long.
        """
        try:
            self._client.put_approval_result(
                pipelineName=self._pipeline,
                stageName=question.stage,
                actionName=question.action,
                result={"summary": summary(reason, person, by_link), "status": "Approved" if approved else "Rejected"},
                token=question.token,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in LATE:
                raise DecidedBefore("this was decided before; your decision changed nothing") from error
            raise ClientFailure(f"the decision was not taken: {error.response['Error']['Message']}") from error

    # ------------------------------------------------------------------ inner
    def _tokens(self) -> list[tuple[str, str]]:
        """Executions that wait, with the tokens of their questions."""
        return [
            (stage["latestExecution"]["pipelineExecutionId"], action["latestExecution"]["token"])
            for stage in self._codepipeline.ask("get_pipeline_state", name=self._pipeline)["stageStates"]
            for action in stage["actionStates"]
            if action.get("latestExecution", {}).get("token")
        ]


def link_bearer(topic: str) -> str:
    """Whoever decides by the link of a mail: of those who are subscribed it does not tell one from another."""
    return f"the link mailed to {topic}"


def summary(reason: str, person: str, by_link: bool = False) -> str:
    """As CodePipeline keeps it. Raises ClientFailure."""
    reason = " ".join(reason.split())
    if not reason:
        raise ClientFailure("a decision needs a reason: those who come later will want to know why")
    signed = f"{reason} (by {person})" if by_link else f"{reason} ({person}, console)"
    if len(signed) > LONGEST_SUMMARY:
        spare = LONGEST_SUMMARY - len(signed) + len(reason)
        raise ClientFailure(f"the reason has {len(reason)} characters; CodePipeline keeps {spare} beside your name")
    return signed


def _category(item: Mapping[str, Any]) -> str:
    return str(item["input"]["actionTypeId"]["category"])


def _question(item: Mapping[str, Any]) -> Question:
    told = item.get("output", {}).get("executionResult", {}).get("externalExecutionSummary", "")
    signed = _SIGNED.fullmatch(told)
    return Question(
        execution=item["pipelineExecutionId"],
        stage=item["stageName"],
        action=item["actionName"],
        status=item["status"],
        asked=item["startTime"],
        changed=item["lastUpdateTime"],
        words=item["input"].get("resolvedConfiguration", {}).get("CustomData", ""),
        person=_person(signed) if signed else item.get("updatedBy", "").rpartition(":")[2],
        reason="" if item["status"] == "InProgress" else signed["reason"] if signed else told,
        run=item["actionExecutionId"],
    )


def _person(signed: re.Match[str]) -> str:
    return f"Whoever has {signed['link']}" if signed["link"] else str(signed["person"])


def _with_token(question: Question, token: str) -> Question:
    return replace(question, token=token)


def _candidate(execution: str, question: Question | None, items: list[dict[str, Any]]) -> Candidate:
    """`items`, newest first: what was repeated counts as it was done last."""
    done = [item for item in items if item["status"] == "Succeeded"]
    variables = [item.get("output", {}).get("outputVariables", {}) for item in done]
    seconds = {
        item["actionExecutionId"]: (item["lastUpdateTime"] - item["startTime"]).total_seconds()
        for item in items
        if _category(item) != CATEGORY
    }
    builds = [item["actionExecutionId"] for item in items if _category(item) == "Build"]
    return Candidate(
        execution=execution,
        question=question,
        training=next((one["ExecutionArn"] for one in variables if ":execution:" in one.get("ExecutionArn", "")), ""),
        dev_endpoint=next((one["EndpointName"] for one in reversed(variables) if "EndpointName" in one), ""),
        build_seconds=sum(seconds[one] for one in builds),
        action_seconds=sum(seconds.values()),
    )
