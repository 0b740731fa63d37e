"""A decision is about the question that was shown, says who took it and why, and is not taken twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.approval import LONGEST_SUMMARY, Approvals, DecidedBefore, link_bearer, summary
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import Project

AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = {"project": {"prefix": "mls", "name": "demo"}}


class Answers:
    """CodePipeline with an execution that waits, under the token `first`."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.given: dict[str, Any] = {}

    def client(self, _service: str) -> Answers:
        return self

    def get_pipeline_state(self, **_: object) -> dict[str, Any]:
        action = {"actionName": "Approve", "latestExecution": {"token": "first"}}
        stage = {"latestExecution": {"pipelineExecutionId": "one"}, "actionStates": [action]}
        return {"stageStates": [{"actionStates": []}, stage]}

    def list_action_executions(self, **_: object) -> dict[str, Any]:
        return {"actionExecutionDetails": [_item("Approval", "InProgress"), _item("Build", "Succeeded")]}

    def put_approval_result(self, **request: Any) -> None:
        self.given = request
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "PutApprovalResult")


def _item(category: str, status: str, told: str = "") -> dict[str, Any]:
    return {
        "pipelineExecutionId": "one",
        "actionExecutionId": category,
        "stageName": "DeployDev",
        "actionName": category,
        "status": status,
        "startTime": AT,
        "lastUpdateTime": AT,
        "updatedBy": "arn:aws:iam::000000000000:user/ada",
        "input": {"actionTypeId": {"category": category}, "resolvedConfiguration": {"CustomData": "Look at it"}},
        "output": {"executionResult": {"externalExecutionSummary": told}, "outputVariables": {}},
    }


def _approvals(answers: Answers) -> Approvals:
    return Approvals(cast(Connection, answers), Project(Path(), SETTINGS))


def test_a_decision_brings_the_token_that_was_shown_and_the_name_of_who_took_it() -> None:
    answers = Answers()
    approvals = _approvals(answers)
    question = approvals.candidate(approvals.waiting()).question
    assert question is not None
    assert (question.outcome, question.token, question.words) == ("waiting", "first", "Look at it")
    approvals.decide(question, approved=False, reason=" too\nslow ", person="Ada")
    assert answers.given["token"] == "first"
    assert answers.given["result"] == {"summary": "too slow (Ada, console)", "status": "Rejected"}


@pytest.mark.parametrize("refusal", ["ApprovalAlreadyCompletedException", "InvalidApprovalTokenException"])
def test_whoever_comes_second_is_told_so(refusal: str) -> None:
    approvals = _approvals(Answers(refusal))
    question = approvals.candidate("one").question
    assert question is not None
    with pytest.raises(DecidedBefore):
        approvals.decide(question, approved=True, reason="good", person="Ada")


class Decided(Answers):
    def list_action_executions(self, **_: object) -> dict[str, Any]:
        told = ["good enough (not by much) (Ada, console)", "fine"]
        return {"actionExecutionDetails": [_item("Approval", "Succeeded", one) for one in told]}


def test_who_decided_in_the_console_is_told_by_their_name_and_others_by_that_of_aws() -> None:
    first, second = _approvals(Decided()).decided()[0]
    assert (first.person, first.reason) == ("Ada", "good enough (not by much)")
    assert (second.person, second.reason) == ("user/ada", "fine")


class DecidedByLink(Answers):
    def list_action_executions(self, **_: object) -> dict[str, Any]:
        told = summary("good (so far)", link_bearer("mls-demo"), by_link=True)
        assert told == "good (so far) (by the link mailed to mls-demo)"
        return {"actionExecutionDetails": [_item("Approval", "Succeeded", told)]}


def test_who_decided_by_a_mailed_link_is_told_as_whoever_has_it() -> None:
    [question], _ = _approvals(DecidedByLink()).decided()
    assert (question.person, question.reason) == ("Whoever has the link mailed to mls-demo", "good (so far)")


def test_a_decision_needs_a_reason_that_codepipeline_can_keep() -> None:
    with pytest.raises(ClientFailure, match="needs a reason"):
        summary("  ", "Ada")
    spare = LONGEST_SUMMARY - len(summary("x", "Ada")) + 1
    assert len(summary("x" * spare, "Ada")) == LONGEST_SUMMARY
    with pytest.raises(ClientFailure, match=f"keeps {spare}"):
        summary("x" * (spare + 1), "Ada")
