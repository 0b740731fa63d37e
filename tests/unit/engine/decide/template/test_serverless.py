"""A production template of this system's kind, through AWS's own SAM translator."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template import (
    Target,
    Template,
    TemplateError,
    expand,
    load,
    make_scope,
    make_target,
    parameter_values,
    pseudo_parameters,
    required_capabilities,
    resolve_parameters,
    validate,
)
from mlsystem.engine.decide.template.graph import layers

TEXT = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  CodeSha: {Type: String, Default: 0123456789abcdef}
  ApiBaseUrl: {Type: String, Default: ''}
Conditions:
  HasUrl: !Not [!Equals [!Ref ApiBaseUrl, '']]
Globals:
  Function: {Runtime: python3.13, Timeout: 30}
Resources:
  ApiFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {Bucket: artefacts, Key: code.zip}
      Handler: app.handler
      AutoPublishAlias: live
      AutoPublishCodeSha256: !Ref CodeSha
      Policies:
        - AWSLambdaVPCAccessExecutionRole
        - Version: '2012-10-17'
          Statement: [{Effect: Allow, Action: 'sagemaker:InvokeEndpoint', Resource: !Ref Endpoint}]
      Environment: {Variables: {ENDPOINT_NAME: !GetAtt Endpoint.EndpointName}}
      DeploymentPreference:
        Type: Canary10Percent5Minutes
        Alarms: [!Ref AliasAlarm]
        Hooks: {PreTraffic: !Ref PreTraffic}
      Events:
        Post: {Type: Api, Properties: {Path: /api, Method: post}}
  PreTraffic:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: CodeDeployHook_pre
      CodeUri: {Bucket: artefacts, Key: code.zip}
      Handler: pre_traffic_hook.handler
      DeploymentPreference: {Enabled: false, Role: ''}
  AliasAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Dimensions: [{Name: Resource, Value: !Sub '${ApiFunction}:live'}]
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties: {EndpointConfigName: config}
Outputs:
  Url:
    Value: !If
      - HasUrl
      - !Sub '${ApiBaseUrl}/${ServerlessRestApi}/Prod/api'
      - !Sub 'https://${ServerlessRestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/Prod/api'
  Application: {Value: !Ref ServerlessDeploymentApplication}
"""


def expanded(text: str = TEXT, **given: str) -> tuple[Template, dict[str, str]]:
    template = load(text)
    texts = resolve_parameters(template.parameters, given)
    return expand(template, "eu-west-1", parameter_values(template.parameters, texts)), texts


def made(**given: str) -> Target:
    template, texts = expanded(**given)
    pseudo = pseudo_parameters(region="eu-west-1", account="1", stack_name="prd", stack_id="arn")
    return make_target(template, make_scope(template, texts, pseudo))


def test_a_function_becomes_version_alias_deployment_group_and_api() -> None:
    template, _ = expanded()
    assert sorted({resource.type for resource in template.resources.values()}) == [
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::CloudWatch::Alarm",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::IAM::Role",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::SageMaker::Endpoint",
    ]
    assert template.is_expanded
    assert required_capabilities(template) == ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]


def test_the_alias_carries_its_deployment_and_waits_for_it() -> None:
    target = made()
    alias = target.resources["ApiFunctionAliaslive"]
    assert alias.update_policy == {
        "CodeDeployLambdaAliasUpdate": {
            "ApplicationName": {"Ref": "ServerlessDeploymentApplication"},
            "DeploymentGroupName": {"Ref": "ApiFunctionDeploymentGroup"},
            "BeforeAllowTrafficHook": {"Ref": "PreTraffic"},
        }
    }
    order = [name for layer in layers(target.dependencies) for name in layer]
    for before in ("ApiFunctionVersion0123456789", "ApiFunctionDeploymentGroup", "PreTraffic"):
        assert order.index(before) < order.index("ApiFunctionAliaslive")


def test_other_code_is_another_version() -> None:
    assert "ApiFunctionVersionfedcba9876" in made(CodeSha="fedcba9876543210").resources


def test_the_url_follows_the_parameter() -> None:
    assert made(ApiBaseUrl="http://here").outputs["Url"].value == {
        "Fn::Join": ["", ["http://here", "/", {"Ref": "ServerlessRestApi"}, "/Prod/api"]]
    }


def test_managed_policies_get_their_arns_without_asking_iam() -> None:
    role = made().resources["ApiFunctionRole"].properties
    arns = role["ManagedPolicyArns"]
    assert isinstance(arns, list)
    assert any(
        isinstance(arn, str) and arn.endswith("policy/service-role/AWSLambdaVPCAccessExecutionRole") for arn in arns
    )


def test_the_template_itself_is_not_changed_and_expanding_twice_gives_the_same() -> None:
    template = load(TEXT)
    before = json.dumps(template.document.body)
    first = expand(template, "eu-west-1", {"CodeSha": "a" * 16, "ApiBaseUrl": ""})
    second = expand(template, "eu-west-1", {"CodeSha": "a" * 16, "ApiBaseUrl": ""})
    assert json.dumps(template.document.body) == before
    assert first.document.body == second.document.body
    assert expand(first, "eu-west-1", {}) is first


def test_logical_ids_do_not_depend_on_the_process() -> None:
    program = (
        "import sys; from mlsystem.engine.decide.template import *; t = load(sys.stdin.read());"
        "print(list(expand(t, 'eu-west-1', {'CodeSha': 'a' * 16, 'ApiBaseUrl': ''}).resources))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=TEXT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_a_wrong_sam_property_is_refused_with_the_resource() -> None:
    template = load(TEXT.replace("Handler: app.handler", "Handlr: app.handler"))
    with pytest.raises(TemplateError) as refusal:
        expand(template, "eu-west-1", {"CodeSha": "a", "ApiBaseUrl": ""})
    assert refusal.value.message.startswith("Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless")
    assert "Resource with id [ApiFunction] is invalid." in refusal.value.message


def test_an_unexpanded_template_is_not_judged_by_its_generated_names() -> None:
    validate(load(TEXT))


def test_an_unknown_name_is_found_after_the_expansion() -> None:
    template, texts = expanded(TEXT.replace("!Ref Endpoint}", "!Ref Endpont}"))
    with pytest.raises(TemplateError, match=r"Unresolved resource dependencies \[Endpont\]"):
        make_target(template, make_scope(template, texts, {}))


def test_applications_from_the_repository_are_refused_by_name() -> None:
    template = load("Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: 'AWS::Serverless::Application'}}")
    with pytest.raises(NotImplementedHere, match=r"AWS::Serverless::Application \(A\)"):
        expand(template, "eu-west-1", {})
