"""Input paths and transformers."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.pattern import InputTransformer, TransformFailed, extract, reserved_variables
from mlsystem.engine.decide.pattern.path import NOTHING

EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": "CloudWatch Alarm State Change",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "alarmName": "drift",
        "state": {"value": "ALARM", "reason": 'it said "no"'},
        "count": 3,
        "on": True,
        "tags": ["x", "y"],
    },
}
PATHS = {
    "alarm": "$.detail.alarmName",
    "state": "$.detail.state",
    "reason": "$.detail.state.reason",
    "count": "$.detail.count",
    "on": "$.detail.on",
    "tags": "$.detail.tags",
    "first": "$.resources[0]",
    "missing": "$.detail.nowhere",
}
RESERVED = reserved_variables(EVENT, rule_arn="arn:rule", rule_name="on-drift", ingestion_time="2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail.state.value", "ALARM"),
        ("$.resources[1]", "arn:b"),
        ("$['detail-type']", "CloudWatch Alarm State Change"),
        ("$.detail-type", "CloudWatch Alarm State Change"),
        ('$.detail["tags"][0]', "x"),
        ("$.resources[2]", NOTHING),
        ("$.resources.x", NOTHING),
        ("$.detail.alarmName.x", NOTHING),
    ],
)
def test_a_path_finds_its_value(path: str, value: Any) -> None:
    assert extract(path, EVENT) is value or extract(path, EVENT) == value


@pytest.mark.parametrize("path", ["detail", "$detail", "$..x", "$.a[*]", "$.a["])
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(AwsError, match="must read like"):
        extract(path, EVENT)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('"The alarm <alarm> is on <first>."', '"The alarm drift is on arn:a."'),
        ('{"name": <alarm>, "n": <count>, "on": <on>}', '{"name": "drift", "n": 3, "on": true}'),
        ('{"name": "<alarm>-<count>"}', '{"name": "drift-3"}'),
        ('{"state": <state>}', '{"state": {"value":"ALARM","reason":"it said \\"no\\""}}'),
        ('"State <state>, tags <tags>, <on>"', '"State {value:ALARM,reason:it said no}, tags [x,y], true"'),
        ('{"why": "<reason>"}', '{"why": "it said \\"no\\""}'),
        ('{"a": <missing>, "b": "x<missing>"}', '{"a": "", "b": "x"}'),
        ('"none: <missing>"', '"none: "'),
        ('"one <alarm>"\n"two <count>"', '"one drift"\n"two 3"'),
        ('"{[/ begins oddly <alarm>"', '"{[/ begins oddly drift"'),
        ('{"q": "a \\" <alarm>", "r": <count>}', '{"q": "a \\" drift", "r": 3}'),
        (
            '"<aws.events.rule-name> <aws.events.rule-arn> <aws.events.event.ingestion-time>"',
            '"on-drift arn:rule 2026-03-01T12:00:00Z"',
        ),
    ],
)
def test_a_template_gives(template: str, text: str) -> None:
    transformer = InputTransformer(template, PATHS)
    transformer.check("t")
    assert transformer.apply(EVENT, RESERVED) == text


def test_the_event_without_its_detail_and_with_it() -> None:
    short = InputTransformer('{"e": <aws.events.event>}').apply(EVENT, RESERVED)
    assert short == (
        '{"e": {"version":"0","detailType":"CloudWatch Alarm State Change","resources":["arn:a","arn:b"]}}'
    )
    assert '"detail":{"alarmName":"drift"' in InputTransformer("[<aws.events.event.json>]").apply(EVENT, RESERVED)


def test_an_object_inside_of_quotes_gives_no_json_and_is_not_sent() -> None:
    with pytest.raises(TransformFailed, match="gives no JSON for this event"):
        InputTransformer('{"state": "<state>"}', PATHS).apply(EVENT, RESERVED)


@pytest.mark.parametrize(
    ("template", "paths", "message"),
    [
        ("<unknown>", {}, "InputTemplate for target t contains invalid placeholder unknown."),
        ("<a>", {"a": "detail"}, "Invalid path: 'detail'"),
        ("<aws.x>", {"aws.x": "$.a"}, "uses the reserved name aws.x"),
        ("x", {f"a{n}": "$.a" for n in range(101)}, "has more than 100 paths"),
    ],
)
def test_a_wrong_transformer_is_refused(template: str, paths: dict[str, str], message: str) -> None:
    with pytest.raises(AwsError) as refusal:
        InputTransformer(template, paths).check("t")
    assert refusal.value.code == "ValidationException"
    assert message in refusal.value.message
