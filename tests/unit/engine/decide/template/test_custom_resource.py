"""What is said between a stack and the provider of a custom resource: checked, put in texts, and read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.template import TemplateError
from mlsystem.engine.decide.template.custom_resource import (
    check_custom,
    in_texts,
    is_custom,
    read_answer,
    timeout_seconds,
    unanswered,
)

REQUEST = {"StackId": "arn:stack", "RequestId": "r-1", "LogicalResourceId": "Thing", "RequestType": "Create"}
COPIED = {name: REQUEST[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
SUCCESS = {**COPIED, "Status": "SUCCESS", "PhysicalResourceId": "thing-1"}


def read(**given: object) -> Any:
    return read_answer(json.dumps({**SUCCESS, **given}).encode(), REQUEST)


def test_every_scalar_of_the_properties_is_a_string() -> None:
    given: Any = {"Flag": True, "Count": 3, "Share": 0.5, "Text": "x", "Nested": {"List": [1, False, {"Deep": 2}]}}
    assert in_texts(given) == {
        "Flag": "true",
        "Count": "3",
        "Share": "0.5",
        "Text": "x",
        "Nested": {"List": ["1", "false", {"Deep": "2"}]},
    }


def test_a_success_gives_the_physical_id_and_the_data_as_texts() -> None:
    answer = read(Data={"Url": "http://x", "Count": 3, "Flag": True, "List": ["a", "b"]})
    assert answer.succeeded and answer.physical_id == "thing-1" and not answer.is_hidden
    assert answer.data == {"Url": "http://x", "Count": "3", "Flag": "true", "List": ["a", "b"]}


@pytest.mark.parametrize("no_echo", [True, "true"])
def test_no_echo_hides_the_data(no_echo: object) -> None:
    assert read(NoEcho=no_echo, Data={"Password": "p"}).is_hidden


def test_a_failure_tells_its_reason_and_its_request() -> None:
    answer = read(Status="FAILED", Reason="no quota")
    assert not answer.succeeded and answer.physical_id == "thing-1"
    assert answer.reason == (
        "Received response status [FAILED] from custom resource. Message returned: no quota (RequestId: r-1)"
    )


def test_a_failure_needs_neither_a_reason_nor_a_physical_id() -> None:
    answer = read(Status="FAILED", PhysicalResourceId=None)
    assert not answer.succeeded and answer.physical_id == "" and "no reason was given" in answer.reason


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"Status": "DONE"}, "Invalid Status"),
        ({"RequestId": "r-2"}, "Invalid RequestId"),
        ({"StackId": None}, "Invalid StackId"),
        ({"LogicalResourceId": "Other"}, "Invalid LogicalResourceId"),
        ({"PhysicalResourceId": ""}, "Invalid PhysicalResourceId"),
        ({"PhysicalResourceId": "x" * 1025}, "Invalid PhysicalResourceId"),
        ({"PhysicalResourceId": 7}, "Invalid PhysicalResourceId"),
        ({"Data": ["a"]}, "Invalid Data"),
        ({"Data": {"Long": "x" * 4096}}, "Response object is too long"),
    ],
)
def test_an_answer_that_breaks_the_rules_fails_its_request_and_says_which(given: dict[str, object], told: str) -> None:
    answer = read(**given)
    assert not answer.succeeded and answer.reason.startswith(told) and "r-1" in answer.reason


@pytest.mark.parametrize(
    ("body", "told"), [(b"hello", "not valid JSON"), (b"\xff", "not valid JSON"), (b"[]", "object")]
)
def test_what_is_no_json_object_fails_its_request(body: bytes, told: str) -> None:
    answer = read_answer(body, REQUEST)
    assert not answer.succeeded and told in answer.reason


def test_an_answer_may_be_as_long_as_4096_bytes() -> None:
    body = json.dumps({**SUCCESS, "Data": {"Fill": ""}}).encode()
    full = json.dumps({**SUCCESS, "Data": {"Fill": "x" * (4096 - len(body))}}).encode()
    assert len(full) == 4096 and read_answer(full, REQUEST).succeeded


def test_silence_names_the_request_whose_log_to_read() -> None:
    answer = unanswered(REQUEST)
    assert not answer.succeeded and "did not receive a response" in answer.reason and "[r-1]" in answer.reason


@pytest.mark.parametrize(
    ("given", "seconds"),
    [({}, 3600), ({"ServiceTimeout": "30"}, 30), ({"ServiceTimeout": 1}, 1), ({"ServiceTimeout": 0}, None)],
)
def test_the_time_is_an_hour_unless_given(given: dict[str, Any], seconds: int | None) -> None:
    assert timeout_seconds(given) == seconds


@pytest.mark.parametrize("timeout", [0, 3601, "soon", "1.5", [1]])
def test_a_time_that_is_none_is_refused_before_anything_is_created(timeout: Any) -> None:
    with pytest.raises(TemplateError, match="ServiceTimeout must be between 1 and 3600 seconds"):
        check_custom("Thing", "Custom::Thing", {"ServiceTimeout": timeout})


def test_a_time_that_hangs_on_a_resource_is_not_judged_yet() -> None:
    check_custom("Thing", "Custom::Thing", {"ServiceTimeout": {"Fn::GetAtt": ["Other", "Time"]}})


@pytest.mark.parametrize("name", ["Custom::", "Custom::a b", "Custom::a/b", "Custom::" + "x" * 53])
def test_a_type_name_that_cloudformation_would_not_take_is_refused(name: str) -> None:
    assert is_custom(name)
    with pytest.raises(TemplateError, match="must be Custom::"):
        check_custom("Thing", name, {})


def test_custom_types_are_known_by_their_names() -> None:
    names = ("AWS::CloudFormation::CustomResource", "Custom::My_Thing@2-x", "AWS::CloudFormation::Stack", "custom::x")
    assert [is_custom(name) for name in names] == [True, True, False, False]
