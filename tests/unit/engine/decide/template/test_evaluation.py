"""Each intrinsic function: what it gives, what it refuses, what it leaves open."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template import (
    Environment,
    Instance,
    Reference,
    Scope,
    TemplateError,
    evaluate,
    pseudo_parameters,
)

SCOPE = Scope(
    parameters={"Name": "demo", "Sizes": ["1", "2", "3"]},
    pseudo=pseudo_parameters(
        region="eu-west-1",
        account="123456789012",
        stack_name="stack",
        stack_id="arn:stack",
        notification_arns=("arn:n",),
    ),
    mappings={"Regions": {"eu-west-1": {"Image": "ami-1", "Zones": ["a", "b"]}}},
    conditions={"Big": True, "Small": False},
    exports={"vpc-id": "vpc-1"},
    availability_zones=("eu-west-1a", "eu-west-1b"),
    has_extensions=True,
)
ENDPOINT = Instance(physical_id="endpoint-1", attributes={"Name": "e1", "Count": 2, "Vpc.Id": "v"})
ENVIRONMENT = Environment(SCOPE, {"Endpoint": ENDPOINT})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # Ref
        ({"Ref": "Name"}, "demo"),
        ({"Ref": "Sizes"}, ["1", "2", "3"]),
        ({"Ref": "Endpoint"}, "endpoint-1"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::StackName"}, "stack"),
        ({"Ref": "AWS::StackId"}, "arn:stack"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "AWS::NotificationARNs"}, ["arn:n"]),
        ({"A": {"Ref": "AWS::NoValue"}, "B": [1, {"Ref": "AWS::NoValue"}]}, {"B": [1]}),
        # Fn::GetAtt
        ({"Fn::GetAtt": ["Endpoint", "Name"]}, "e1"),
        ({"Fn::GetAtt": "Endpoint.Name"}, "e1"),
        ({"Fn::GetAtt": ["Endpoint", "Vpc.Id"]}, "v"),
        ({"Fn::GetAtt": ["Endpoint", {"Fn::Join": ["", ["Na", "me"]]}]}, "e1"),
        # Fn::Sub
        ({"Fn::Sub": "a-${Name}-${AWS::Region}-${Endpoint}-${Endpoint.Name}"}, "a-demo-eu-west-1-endpoint-1-e1"),
        ({"Fn::Sub": ["${Name}-${Own}", {"Own": {"Ref": "AWS::Region"}, "Name": "mine"}]}, "mine-eu-west-1"),
        ({"Fn::Sub": "${!Literal} $ {} ${Name}"}, "${Literal} $ {} demo"),
        ({"Fn::Sub": "count ${Endpoint.Count}"}, "count 2"),
        # Fn::Join, Fn::Split, Fn::Select
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 3, True]]}, "a-demo-3-true"),
        ({"Fn::Join": [",", {"Ref": "Sizes"}]}, "1,2,3"),
        ({"Fn::Join": ["", []]}, ""),
        ({"Fn::Split": ["|", "a||b"]}, ["a", "", "b"]),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"Fn::Select": ["2", {"Ref": "Sizes"}]}, "3"),
        ({"Fn::Select": [0, {"Fn::Split": [".", "x.y"]}]}, "x"),
        # Fn::FindInMap
        ({"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Image"]}, "ami-1"),
        ({"Fn::FindInMap": ["Regions", "us-east-1", "Image", {"DefaultValue": {"Ref": "Name"}}]}, "demo"),
        ({"Fn::Select": [1, {"Fn::FindInMap": ["Regions", "eu-west-1", "Zones"]}]}, "b"),
        # Fn::If
        ({"Fn::If": ["Big", "yes", {"Fn::Select": [9, []]}]}, "yes"),
        ({"Fn::If": ["Small", "yes", {"Ref": "Name"}]}, "demo"),
        ({"A": {"Fn::If": ["Small", "yes", {"Ref": "AWS::NoValue"}]}}, {}),
        # The others
        ({"Fn::ImportValue": "vpc-id"}, "vpc-1"),
        ({"Fn::ImportValue": {"Fn::Join": ["-", ["vpc", "id"]]}}, "vpc-1"),
        ({"Fn::Base64": {"Fn::Sub": "hello ${Name}"}}, "aGVsbG8gZGVtbw=="),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b"]),
        ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, ["eu-west-1a", "eu-west-1b"]),
        ({"Fn::Length": {"Ref": "Sizes"}}, 3),
        ({"Fn::ToJsonString": {"b": [1, {"Ref": "Name"}], "a": "é"}}, '{"b":[1,"demo"],"a":"é"}'),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["10.0.0.0/24", "3", "6"]}, ["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26"]),
        ({"Fn::Cidr": ["2001:db8::/56", 2, 64]}, ["2001:db8::/64", "2001:db8:0:1::/64"]),
        # What only looks like one
        ({"Ref": "x", "Other": 1}, {"Ref": "x", "Other": 1}),
        ({"Condition": "Big"}, {"Condition": "Big"}),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_a_function_gives(expression: Any, value: Any) -> None:
    assert _strict(expression) == value


def _strict(expression: Json) -> Json:
    result = evaluate(expression, ENVIRONMENT)
    if result.unresolved:
        raise TemplateError(f"open: {result.unresolved}")
    return result.value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Fn::Join": ["-"]}, "Template error: every Fn::Join object requires two parameters"),
        ({"Fn::Join": ["-", [["a"]]]}, "Template error: every Fn::Join object requires two parameters"),
        ({"Fn::Split": ["", "a"]}, "Template error: every Fn::Split object requires two parameters"),
        ({"Fn::Select": [5, ["a"]]}, "Template error: Fn::Select cannot select nonexistent value at index 5"),
        ({"Fn::Select": ["x", ["a"]]}, "Template error: Fn::Select requires a list argument with two elements"),
        ({"Fn::Select": [True, ["a", "b"]]}, "Template error: Fn::Select requires a list argument"),
        ({"Fn::FindInMap": ["Regions", "x", "Image"]}, "Template error: Unable to get mapping for Regions::x::Image"),
        ({"Fn::FindInMap": ["Nowhere", "x", "y"]}, "Template error: Mapping named 'Nowhere' is not present"),
        ({"Fn::FindInMap": ["Regions", "x"]}, "Template error: every Fn::FindInMap object requires three parameters"),
        ({"Fn::If": ["Nobody", 1, 2]}, "Template error: unresolved condition dependency Nobody in Fn::If"),
        ({"Fn::If": ["Big", 1]}, "Template error: every Fn::If object requires a list of three"),
        ({"Fn::ImportValue": {"Ref": "Later"}}, "the attribute in Fn::ImportValue must not depend on any resources"),
        ({"Fn::ImportValue": "subnet"}, "No export named subnet found."),
        (
            {"Fn::GetAtt": ["Endpoint", "Colour"]},
            "resource Endpoint does not support attribute type Colour in Fn::GetAtt",
        ),
        ({"Fn::GetAtt": ["Endpoint"]}, "Template error: every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::GetAtt": "Endpoint"}, "Template error: every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::Sub": "${a b}"}, "Template error: variable names in Fn::Sub syntax must contain only alphanumeric"),
        (
            {"Fn::Sub": ["x"]},
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments",
        ),
        ({"Fn::Sub": "${Sizes}"}, "Template error: Fn::Sub: ${Sizes} is not a string."),
        ({"Fn::Base64": ["x"]}, "Template error: every Fn::Base64 object must have a String-typed value."),
        ({"Fn::Length": "abc"}, "Template error: Fn::Length requires a list"),
        ({"Fn::Cidr": ["10.0.0.0/24", 9, 6]}, "10.0.0.0/24 does not hold 9 blocks of /26"),
        ({"Fn::Cidr": ["nonsense", 1, 6]}, "'nonsense' does not appear to be an IPv4 or IPv6 network"),
        ({"Fn::Equals": ["a", "b"]}, "Template error: Fn::Equals can stand only in the section Conditions."),
        (
            {"Fn::Nonsense": 1},
            "Template error: Encountered unsupported function: Fn::Nonsense Supported functions are:",
        ),
        ({"Fn::Sub": "x", "Other": 1}, "Fn::Sub must be the only key of its object, but stands beside Other."),
        ({"Ref": ["a"]}, "Template error: every Ref object must have a single String value."),
    ],
)
def test_a_wrong_call_is_refused_in_cloudformation_s_words(expression: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        evaluate(expression, ENVIRONMENT)
    assert message in refusal.value.message


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::Transform": {"Name": "AWS::Include"}},
        {"Fn::ForEach::Loop": ["x", ["a"], {}]},
        {"Fn::GetAZs": "us-east-1"},
        {"Fn::GetStackOutput": {}},
    ],
)
def test_what_the_engine_does_not_have_is_refused_by_name(expression: Any) -> None:
    with pytest.raises(NotImplementedHere):
        evaluate(expression, ENVIRONMENT)


@pytest.mark.parametrize("expression", [{"Fn::Length": ["a"]}, {"Fn::ToJsonString": {"a": 1}}])
def test_language_extensions_need_their_transform(expression: Any) -> None:
    with pytest.raises(TemplateError, match=r"needs the transform AWS::LanguageExtensions"):
        evaluate(expression, Environment(Scope()))


@pytest.mark.parametrize(
    ("expression", "left", "unresolved"),
    [
        ({"Ref": "Later"}, {"Ref": "Later"}, {Reference("Later")}),
        ({"Fn::GetAtt": "Later.Arn"}, {"Fn::GetAtt": ["Later", "Arn"]}, {Reference("Later", "Arn")}),
        (
            {"Fn::Sub": "${Name}/${Later}/${!x}"},
            {"Fn::Join": ["", ["demo", "/", {"Ref": "Later"}, "/", "${x}"]]},
            {Reference("Later")},
        ),
        (
            {"Fn::Select": [0, {"Fn::Split": ["/", {"Ref": "Later"}]}]},
            {"Fn::Select": [0, {"Fn::Split": ["/", {"Ref": "Later"}]}]},
            {Reference("Later")},
        ),
        ({"Fn::If": ["Small", {"Ref": "Later"}, 1]}, 1, set()),
        ({"A": {"Ref": "Name"}, "B": [{"Ref": "Later"}]}, {"A": "demo", "B": [{"Ref": "Later"}]}, {Reference("Later")}),
    ],
)
def test_what_is_not_known_yet_stays_open_and_is_reported(expression: Any, left: Any, unresolved: Any) -> None:
    result = evaluate(expression, ENVIRONMENT)
    assert (result.value, result.unresolved) == (left, unresolved)


def test_what_stayed_open_is_evaluated_once_it_is_known() -> None:
    first = evaluate({"Fn::Sub": "${Name}/${Later}/${!x}"}, ENVIRONMENT)
    later = Environment(Scope(), {"Later": Instance(physical_id="l-1")})
    assert evaluate(first.value, later).value == "demo/l-1/${x}"


def test_imports_are_reported() -> None:
    assert evaluate([{"Fn::ImportValue": "vpc-id"}], ENVIRONMENT).imports == {"vpc-id"}


def test_attributes_of_an_unsettled_resource_stay_open_but_not_its_id() -> None:
    environment = Environment(SCOPE, {"Endpoint": ENDPOINT}, unsettled=["Endpoint"])
    result = evaluate([{"Ref": "Endpoint"}, {"Fn::GetAtt": "Endpoint.Name"}], environment)
    assert result.value == ["endpoint-1", {"Fn::GetAtt": ["Endpoint", "Name"]}]
    assert result.unresolved == {Reference("Endpoint", "Name")}
