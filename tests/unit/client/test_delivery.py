"""The board of the pipeline says of each action who does it, since when, and what it was given; and steering asks for just that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from mlsystem.client.connection import Connection
from mlsystem.client.delivery import Delivery
from mlsystem.client.errors import NotFound
from mlsystem.client.pipeline import message
from mlsystem.client.project import Project

AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = {"project": {"prefix": "mls", "name": "demo"}}
KIND = {"category": "Build", "provider": "CodeBuild"}
RUN = {
    "pipelineExecutionId": "e-1",
    "stageName": "Build",
    "actionName": "Make",
    "startTime": AT,
    "lastUpdateTime": AT + timedelta(seconds=7),
    "status": "Succeeded",
    "input": {"actionTypeId": KIND, "resolvedConfiguration": {"ProjectName": "demo-build"}},
    "output": {"executionResult": {"externalExecutionId": "demo-build:1"}},
}


class Answers:
    """CodePipeline with one stage, which is closed; `asked` are the calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def client(self, _service: str) -> Answers:
        return self

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("answer_"):
            return dict

        def ask(**request: Any) -> dict[str, Any]:
            self.asked.append((operation, request))
            return dict(getattr(self, f"answer_{operation}")())

        return ask

    def answer_get_pipeline(self) -> dict[str, Any]:
        return {"pipeline": {"stages": [{"name": "Build", "actions": [{"name": "Make", "actionTypeId": KIND}]}]}}

    def answer_get_pipeline_state(self) -> dict[str, Any]:
        latest = {"pipelineExecutionId": "e-1", "status": "Succeeded"}
        closed = {"enabled": False, "disabledReason": "a freeze", "lastChangedBy": "ada", "lastChangedAt": AT}
        action = {
            "actionName": "Make",
            "latestExecution": {"status": "Succeeded", "externalExecutionId": "demo-build:1"},
        }
        stage = {"stageName": "Build", "latestExecution": latest, "inboundTransitionState": closed}
        return {"stageStates": [{**stage, "actionStates": [action]}]}

    def answer_list_action_executions(self) -> dict[str, Any]:
        return {"actionExecutionDetails": [RUN]}

    def answer_list_pipeline_executions(self) -> dict[str, Any]:
        source = {"actionName": "Git", "revisionId": "abc", "revisionSummary": "A better model"}
        one = {"pipelineExecutionId": "e-1", "status": "Succeeded", "startTime": AT, "lastUpdateTime": AT}
        return {"pipelineExecutionSummaries": [{**one, "sourceRevisions": [source]}], "nextToken": "further"}


def delivery(answers: Answers) -> Delivery:
    return Delivery(cast(Connection, answers), Project(Path(), SETTINGS))


def test_an_action_of_the_board_knows_who_does_it_and_how_long_it_took() -> None:
    (stage,) = delivery(Answers()).board()
    (action,) = stage.actions
    assert (action.provider, action.seconds, action.started) == ("CodeBuild", 7.0, AT)
    assert action.configuration == {"ProjectName": "demo-build"}
    assert (stage.is_open, stage.closed_reason, stage.closed_by, stage.closed_at) == (False, "a freeze", "ada", AT)


def test_executions_are_read_a_page_at_a_time_with_the_messages_of_their_commits() -> None:
    answers = Answers()
    page = delivery(answers).page("begin", 5)
    assert answers.asked == [
        ("list_pipeline_executions", {"pipelineName": "mls-demo", "maxResults": 5, "nextToken": "begin"})
    ]
    assert page.older == "further"
    assert page.executions[0].revision_words == {"Git": "A better model"}


def test_a_connections_commit_message_is_taken_out_of_its_json() -> None:
    assert message('{"ProviderType":"GitHub","CommitMessage":"Mend it"}') == "Mend it"
    assert message("Mend it") == "Mend it"
    assert message("[1]") == "[1]"


def test_a_name_that_is_no_id_is_not_asked_for() -> None:
    answers = Answers()
    with pytest.raises(NotFound, match="nothing is no execution's id"):
        delivery(answers).in_full("nothing")
    assert answers.asked == []


def test_a_stage_is_closed_opened_retried_and_rolled_back_by_its_name() -> None:
    answers = Answers()
    steered = delivery(answers)
    steered.close("Build", "ada: a freeze")
    steered.open("Build")
    steered.retry_stage("Build", "e-1", everything=True)
    whole = {"pipelineName": "mls-demo", "stageName": "Build"}
    assert answers.asked == [
        ("disable_stage_transition", {**whole, "transitionType": "Inbound", "reason": "ada  a freeze"}),
        ("enable_stage_transition", {**whole, "transitionType": "Inbound"}),
        ("retry_stage_execution", {**whole, "pipelineExecutionId": "e-1", "retryMode": "ALL_ACTIONS"}),
    ]
