"""Conditions: which hold."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.template import Scope, TemplateError, evaluate_conditions

SCOPE = Scope(
    parameters={"Stage": "prod", "Flag": "true", "Empty": "", "List": ["a"]},
    mappings={"Kinds": {"prod": {"Big": "yes"}}},
    pseudo={"AWS::Region": "eu-west-1"},
)
YES: Any = {"Fn::Equals": ["a", "a"]}
NO: Any = {"Fn::Equals": ["a", "b"]}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (YES, True),
        (NO, False),
        ({"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, True),
        ({"Fn::Equals": [{"Ref": "Flag"}, True]}, True),
        ({"Fn::Equals": ["5", 5]}, True),
        ({"Fn::Equals": [{"Fn::FindInMap": ["Kinds", {"Ref": "Stage"}, "Big"]}, "yes"]}, True),
        ({"Fn::Equals": [{"Fn::Join": ["", {"Ref": "List"}]}, "a"]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, False),
        ({"Fn::Not": [YES]}, False),
        ({"Fn::And": [YES, YES, NO]}, False),
        ({"Fn::Or": [NO, {"Fn::And": [YES, YES]}]}, True),
        ({"Condition": "Other"}, True),
        ({"Fn::Not": [{"Condition": "Other"}]}, False),
    ],
)
def test_a_condition_holds_or_not(expression: Any, holds: bool) -> None:
    assert evaluate_conditions({"It": expression, "Other": YES}, SCOPE)["It"] is holds


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Fn::Equals": ["a"]}, "every Fn::Equals object requires a list of 2 string parameters."),
        ({"Fn::And": [YES]}, "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters."),
        ({"Fn::Or": [NO] * 11}, "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters."),
        ({"Fn::Not": YES}, "every Fn::Not object requires a list of one boolean parameter."),
        ({"Condition": "Nobody"}, "Unresolved condition dependency Nobody in the Conditions block of the template"),
        ({"Condition": "It"}, "Circular dependency between conditions: [It]"),
        ({"Fn::Equals": [{"Ref": "Topic"}, "a"]}, "Unresolved dependencies [Topic]. Cannot reference resources"),
        ({"Fn::Sub": "x"}, "Every Conditions member must be a call of"),
        ("true", "Every Conditions member must be a call of"),
    ],
)
def test_a_condition_that_cannot_be_decided_is_refused(expression: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        evaluate_conditions({"It": expression}, SCOPE)
    assert message in refusal.value.message
