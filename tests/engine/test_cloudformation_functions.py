"""Functions in stacks: an alias goes to a new version through CodeDeploy, and back when its hook or the stack fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functions import invoke
from tests.live import LiveEngine
from tests.roles import ADMINISTRATOR, TRUST
from tests.stacks import StackUser, outputs

HOOK = """
import os, boto3
def handler(event, context):
    boto3.client('codedeploy').put_lifecycle_event_hook_execution_status(
        deploymentId=event['DeploymentId'],
        lifecycleEventHookExecutionId=event['LifecycleEventHookExecutionId'],
        status=os.environ['STATUS'],
    )
"""
GRADUALLY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
ROLE = {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [ADMINISTRATOR]}


def function(source: str, **variables: str) -> dict[str, Any]:
    properties = {
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": source},
        "Environment": {"Variables": variables},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def steps(name: str, percent: str, minutes: str) -> dict[str, Any]:
    """A configuration of its own, with numbers as text, as parameters give them."""
    canary = {"CanaryPercentage": percent, "CanaryInterval": minutes}
    routing = {"Type": "TimeBasedCanary", "TimeBasedCanary": canary}
    properties = {"DeploymentConfigName": name, "ComputePlatform": "Lambda", "TrafficRoutingConfig": routing}
    return {"Steps": {"Type": "AWS::CodeDeploy::DeploymentConfig", "Properties": properties}}


def released(word: str, hook: str = "Succeeded", later: dict[str, Any] | None = None) -> str:
    """A template with the function that answers `word`, its version and its alias; `later` are resources that follow it,
    and `Steps` among them is how its traffic moves."""
    group = {
        "ApplicationName": {"Ref": "Application"},
        "ServiceRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DeploymentConfigName": {"Ref": "Steps"} if later and "Steps" in later else GRADUALLY,
        "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
        "AutoRollbackConfiguration": {"Enabled": True, "Events": ["DEPLOYMENT_FAILURE"]},
    }
    shifting = {
        "ApplicationName": {"Ref": "Application"},
        "DeploymentGroupName": {"Ref": "Group"},
        "BeforeAllowTrafficHook": {"Ref": "Hook"},
    }
    version = f"Version{word}"
    alias = {
        "FunctionName": {"Ref": "Function"},
        "Name": "live",
        "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
    }
    resources: dict[str, Any] = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": ROLE},
        "Function": function(f"def handler(event, context):\n    return {word!r}\n"),
        "Hook": function(HOOK, STATUS=hook),
        version: {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "Function"}},
        },
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": alias,
            "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": shifting},
        },
        "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
        "Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": group},
        **(later or {}),
    }
    results = {"Alias": {"Value": {"Ref": "Alias"}}, "Function": {"Value": {"Ref": "Function"}}}
    return json.dumps({"Resources": resources, "Outputs": results})


def deployments(engine: LiveEngine, user: StackUser) -> list[str]:
    """Their states, the last one first."""
    codedeploy = engine.client("codedeploy")
    ids = codedeploy.list_deployments(
        applicationName=user.resource("Application"), deploymentGroupName=user.resource("Group")
    )["deployments"]
    return [codedeploy.get_deployment(deploymentId=one)["deploymentInfo"]["status"] for one in ids]


@pytest.fixture
def fast(new_engine: Callable[..., LiveEngine]) -> LiveEngine:
    live = new_engine(time_scale=300)
    live.start()
    return live


def test_an_alias_shifts_to_a_new_version_and_back_when_the_stack_fails(fast: LiveEngine) -> None:
    user = StackUser(fast, "released")
    made = user.create(released("One"))
    assert made["StackStatus"] == "CREATE_COMPLETE", user.failures()
    alias = outputs(made)["Alias"]
    assert invoke(fast, alias, {})[0] == "One"
    assert deployments(fast, user) == [], "a new alias has nothing to shift from"

    assert user.update(released("Two"))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert invoke(fast, alias, {})[0] == "Two"
    assert deployments(fast, user) == ["Succeeded"]

    stack = user.update(released("Three", hook="Failed"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "CodeDeploy deployment" in user.failures()["Alias"]
    assert invoke(fast, alias, {})[0] == "Two"

    wrong = {"Type": "AWS::Lambda::Permission", "DependsOn": "Alias"}
    wrong["Properties"] = {"FunctionName": "nobody", "Action": "lambda:InvokeFunction", "Principal": "x.amazonaws.com"}  # type: ignore[assignment]
    stack = user.update(released("Four", later={"Wrong": wrong}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert invoke(fast, alias, {})[0] == "Two"
    assert deployments(fast, user)[0] == "Succeeded", "going back needs no deployment of its own"
    assert len(deployments(fast, user)) == 3

    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()
    names = [item["FunctionName"] for item in fast.client("lambda").list_functions()["Functions"]]
    assert names == [] and fast.client("codedeploy").list_applications()["applications"] == []


def configs(engine: LiveEngine) -> list[str]:
    """Those that are not AWS's own."""
    names = engine.client("codedeploy").list_deployment_configs()["deploymentConfigsList"]
    return [name for name in names if not name.startswith("CodeDeployDefault.")]


def last_config(engine: LiveEngine, user: StackUser) -> str:
    codedeploy = engine.client("codedeploy")
    of_group = {"applicationName": user.resource("Application"), "deploymentGroupName": user.resource("Group")}
    last = codedeploy.list_deployments(**of_group)["deployments"][0]
    return str(codedeploy.get_deployment(deploymentId=last)["deploymentInfo"]["deploymentConfigName"])


def test_an_alias_shifts_in_steps_of_the_stacks_own_and_in_others_after_them(fast: LiveEngine) -> None:
    user = StackUser(fast, "own-steps")
    first = {"one": steps("x-Canary5Percent2Minutes", "5", "2"), "two": steps("x-Canary25Percent3Minutes", "25", "3")}
    assert user.create(released("One"))["StackStatus"] == "CREATE_COMPLETE", user.failures()
    assert configs(fast) == []
    assert user.update(released("Two", later=first["one"]))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert configs(fast) == [last_config(fast, user)] == ["x-Canary5Percent2Minutes"]
    found = fast.client("codedeploy").get_deployment_config(deploymentConfigName="x-Canary5Percent2Minutes")
    assert found["deploymentConfigInfo"]["trafficRoutingConfig"] == {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 5, "canaryInterval": 2},
    }

    # Other steps are another configuration, and what fails takes it away again.
    stack = user.update(released("Three", hook="Failed", later=first["two"]))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert configs(fast) == ["x-Canary5Percent2Minutes"]
    assert user.update(released("Four", later=first["two"]))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert configs(fast) == [last_config(fast, user)] == ["x-Canary25Percent3Minutes"]

    # The same name with other steps is refused, as a name can be had once.
    stack = user.update(released("Five", later=steps("x-Canary25Percent3Minutes", "30", "3")))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "already exists" in user.failures()["Steps"]

    assert user.update(released("Six"))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert (configs(fast), last_config(fast, user)) == ([], GRADUALLY)
    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()
