"""docs/calls.md is what the source says, and the engine answers what the commands ask of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.console.page import Action
from mlsystem.console.pages import ROUTES
from mlsystem.engine.coverage import wired_rooms
from tests.docs.calls_page import calls_of, commands, page
from tests.docs.source_graph import source_graph
from tests.made_calls import UnlistedCall, check, command_of

PAGE = Path(__file__).parents[2] / "docs" / "calls.md"
# What only an account is asked: prices, and how much of a service it may use.
ONLY_IN_ACCOUNTS = {"pricing:GetProducts", "service-quotas:ListServiceQuotas"}
AT_THE_DOOR = {"sagemaker-runtime:InvokeEndpoint"}


def test_the_page_is_what_the_source_says() -> None:
    assert PAGE.read_text() == page(), "docs/calls.md is old; make it anew: make calls-docs"


def test_the_engine_answers_what_commands_and_actions_ask() -> None:
    answered = {f"{room.service}:{name}" for room in wired_rooms() for name in room.operations}
    entries = [function for _, function in commands()] + [one.do for one in ROUTES if isinstance(one, Action)]
    asked = {call for entry in entries for call in calls_of(entry)}
    assert asked - answered - AT_THE_DOOR == ONLY_IN_ACCOUNTS


def test_calls_are_found_through_methods_and_other_modules() -> None:
    graph = source_graph()
    assert graph.calls(("mlsystem.cli.pipeline", "reject")) >= {"codepipeline:PutApprovalResult"}
    assert graph.calls(("mlsystem.client.connection", "Connection.account")) == {"sts:GetCallerIdentity"}
    assert graph.calls(("mlsystem.cli.engine", "down")) == set()


def test_a_call_that_the_page_does_not_list_fails_the_test_that_made_it(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.write_text("codepipeline:GetPipelineState\nsns:Publish\n")
    with pytest.raises(UnlistedCall, match=r"`mlsystem reject` called sns:Publish"):
        check(["--home", "somewhere", "--json", "reject", "--comment", "no"], calls)
    calls.write_text("codepipeline:GetPipelineState\n")
    check(["reject"], calls)


def test_a_command_of_a_group_has_both_words() -> None:
    assert command_of(["--target", "aws", "studio", "remove", "p"]) == "studio remove"
    assert command_of(["--project", "p", "console", "--port", "0"]) == "console"
