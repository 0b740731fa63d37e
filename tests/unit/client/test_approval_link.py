"""A mailed link is good for the one question that it names, until that is answered or its time is over."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.approval import Question
from mlsystem.client.approval_link import FIELDS, ApprovalLink, LinkForged, LinkOver, read_key
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import template_folder

sys.path.insert(0, str(template_folder() / "custom_resource"))

from approval_link import question_of, signed_link

KEY = "k" * 64
ASKED = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVENT = {
    "time": "2026-01-01T12:00:00Z",
    "detail": {
        "pipeline": "mls-demo",
        "stage": "DeployDev",
        "action": "ApproveDeployment",
        "execution-id": "e-1",
        "action-execution-id": "r-1",
    },
}
QUESTION = Question("e-1", "DeployDev", "ApproveDeployment", "InProgress", ASKED, ASKED, token="t", run="r-1")


def _given() -> dict[str, str]:
    """The parameters of the link that the project mails."""
    return dict(parse_qsl(urlsplit(signed_link("https://ml.example.com/_console", KEY, question_of(EVENT))).query))


def _link(pipeline: str = "mls-demo", **changed: str) -> ApprovalLink:
    return ApprovalLink.read(pipeline, {**_given(), **changed})


def test_the_link_that_the_project_mails_is_good_for_seven_days() -> None:
    link = _link()
    link.check(KEY, ASKED)
    link.check(KEY, ASKED + timedelta(days=7, seconds=-1))
    with pytest.raises(LinkOver, match="too old"):
        link.check(KEY, ASKED + timedelta(days=7))
    assert dict(parse_qsl(link.query)) == _given()


@pytest.mark.parametrize("name", FIELDS)
def test_a_link_in_which_anything_was_changed_left_out_or_added_is_none(name: str) -> None:
    for value in ("", f"{_given()[name]}0", f"{_given()[name]}\n", "é"):
        with pytest.raises(LinkForged):
            _link(**{name: value}).check(KEY, ASKED)


def test_a_link_of_another_pipeline_is_none_here() -> None:
    with pytest.raises(LinkForged):
        _link("mls-other").check(KEY, ASKED)


def test_values_that_read_alike_together_are_not_taken_for_each_other() -> None:
    with pytest.raises(LinkForged):
        _link(stage="DeployDev\nApproveDeployment", action="").check(KEY, ASKED)
    with pytest.raises(LinkForged):
        ApprovalLink.read("mls-demo\nDeployDev", {**_given(), "stage": "ApproveDeployment"}).check(KEY, ASKED)


@pytest.mark.parametrize("key", ["", KEY[:-1], "K" * 64])
def test_without_the_key_no_link_is_good(key: str) -> None:
    with pytest.raises(LinkForged):
        _link().check(key, ASKED)


@pytest.mark.parametrize(
    "changed", [{"execution": "e-2"}, {"run": "r-2"}, {"stage": "DeployPrd"}, {"action": "Approve"}], ids=str
)
def test_a_link_is_over_for_a_question_that_was_asked_later(changed: Mapping[str, str]) -> None:
    _link().check_waiting(QUESTION)
    with pytest.raises(LinkOver, match="asked anew"):
        _link().check_question(Question(**{**vars(QUESTION), **changed}))
    with pytest.raises(LinkOver):
        _link().check_question(None)


def test_a_link_shows_no_more_once_it_was_decided() -> None:
    decided = Question(**{**vars(QUESTION), "token": "", "status": "Succeeded"})
    assert _link().check_question(decided) == decided
    with pytest.raises(LinkOver, match="decided"):
        _link().check_waiting(decided)


class Secrets:
    """Secrets Manager, which refuses with a code."""

    def __init__(self, code: str):
        self._code = code

    def client(self, _service: str) -> Secrets:
        return self

    def get_secret_value(self, **_: object) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetSecretValue")


def test_where_no_links_are_mailed_there_is_no_key_and_one_that_cannot_be_read_lets_nobody_in() -> None:
    assert read_key(cast(Connection, Secrets("ResourceNotFoundException")), "mls-demo") == ""
    with pytest.raises(ClientFailure, match="cannot be told"):
        read_key(cast(Connection, Secrets("AccessDeniedException")), "mls-demo")
