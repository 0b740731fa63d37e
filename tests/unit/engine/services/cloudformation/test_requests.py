"""What handlers make of a template's words, where the API has others."""

from __future__ import annotations

import json

from mlsystem.engine.services.cloudformation.types.apigateway import stage_patches
from mlsystem.engine.services.cloudformation.types.lambda_ import short_name
from mlsystem.engine.services.cloudformation.types.lambda_alias import appspec
from mlsystem.engine.services.cloudformation.types.s3 import SETTINGS
from mlsystem.engine.services.cloudformation.types.stepfunctions import substituted
from mlsystem.engine.services.codedeploy.appspec import read_appspec


def test_an_appspec_is_what_codedeploy_reads() -> None:
    policy = {"BeforeAllowTrafficHook": "before", "AfterAllowTrafficHook": "after"}
    read = read_appspec(appspec("api", "live", "1", "2", policy))
    assert (read.function_name, read.alias, read.current_version, read.target_version) == ("api", "live", "1", "2")
    assert (read.before_hook, read.after_hook) == ("before", "after")
    assert "Hooks" not in json.loads(appspec("api", "live", "1", "2", {}))


def test_substitutions_fill_their_names_and_leave_the_others() -> None:
    text = substituted(
        '{"a": "${Name}", "n": ${Number}, "b": ${Flag}, "x": "${Other}"}', {"Name": "é", "Number": 3, "Flag": True}
    )
    assert text == '{"a": "é", "n": 3, "b": true, "x": "${Other}"}'


def test_settings_of_a_stages_methods_become_patches() -> None:
    every = {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingBurstLimit": 5, "MetricsEnabled": True}
    one = {"ResourcePath": "/a/b", "HttpMethod": "GET", "ThrottlingRateLimit": 1.5}
    assert stage_patches({}, {"MethodSettings": [every, one]}) == [
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "5"},
        {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"},
        {"op": "replace", "path": "/~1a~1b/GET/throttling/rateLimit", "value": "1.5"},
    ]
    assert stage_patches({"MethodSettings": [every, one]}, {"MethodSettings": [every]}) == [
        {"op": "remove", "path": "/~1a~1b/GET"}
    ]


def test_a_flat_lifecycle_rule_is_nested_as_s3_has_it() -> None:
    _operation, request, _removal = SETTINGS["LifecycleConfiguration"]
    rule = {"Id": "a", "Status": "Enabled", "Prefix": "tmp/", "ExpirationInDays": 3}
    assert request({"Rules": [rule]})["LifecycleConfiguration"]["Rules"] == [
        {"Filter": {"Prefix": "tmp/"}, "ID": "a", "Status": "Enabled", "Expiration": {"Days": 3}}
    ]


def test_a_function_is_known_by_its_short_name() -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:api"
    assert [short_name(name) for name in ("api", "api:live", arn, f"{arn}:live")] == ["api"] * 4
