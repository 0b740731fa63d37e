"""CodeDeploy: the traffic of a function's alias moves in steps, and back when anything speaks against it."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.engine.services.codedeploy.deployment_actions import hook_execution_id
from tests.alarms import ToldAlarm
from tests.live import LiveEngine, eventually
from tests.roles import role

CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
ENDED = {"Succeeded", "Failed", "Stopped"}
BEFORE, AFTER = "BeforeAllowTraffic", "AfterAllowTraffic"


def _code(number: int) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", f"def handler(event, context):\n    return {number}\n")
    return archive.getvalue()


class Release:
    """A function with two versions behind an alias, and a deployment group for it."""

    def __init__(self, live: LiveEngine, name: str):
        self.live = live
        self.name = name

    def prepare(self, **group: Any) -> None:
        functions = self.live.client("lambda")
        for name in (self.name, f"{self.name}-hook"):
            functions.create_function(
                FunctionName=name,
                Runtime="python3.11",
                Role=role(self.live, "deployer"),
                Handler="app.handler",
                Code={"ZipFile": _code(1)},
                Publish=True,
            )
            functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        functions.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        functions.update_function_code(FunctionName=self.name, ZipFile=_code(2))
        functions.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 0.1})
        assert functions.publish_version(FunctionName=self.name)["Version"] == "2"
        deploy = self.live.client("codedeploy")
        deploy.create_application(applicationName=self.name, computePlatform="Lambda")
        settings = {
            "deploymentConfigName": CANARY,
            "autoRollbackConfiguration": {
                "enabled": True,
                "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
            },
            **group,
        }
        arn = role(self.live, "deployer")
        deploy.create_deployment_group(
            applicationName=self.name, deploymentGroupName="group", serviceRoleArn=arn, **settings
        )

    def deploy(self, hooks: tuple[str, ...] = ()) -> str:
        properties = {"Name": self.name, "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
        spec = {
            "version": 0.0,
            "Resources": [{"function": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
            "Hooks": [{hook: f"{self.name}-hook"} for hook in hooks],
        }
        return str(
            self.live.client("codedeploy").create_deployment(
                applicationName=self.name,
                deploymentGroupName="group",
                revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}},
            )["deploymentId"]
        )

    def traffic(self) -> dict[str, float]:
        """The share of each version."""
        alias = self.live.client("lambda").get_alias(FunctionName=self.name, Name="live")
        weights = dict(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
        return {**weights, alias["FunctionVersion"]: round(1 - sum(weights.values()), 6)}

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.live.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"])

    def ended(self, deployment: str) -> str:
        return str(eventually(lambda: self.info(deployment)["status"] in ENDED and self.info(deployment)["status"]))

    def events(self, deployment: str) -> dict[str, str]:
        target = self.live.client("codedeploy").get_deployment_target(
            deploymentId=deployment, targetId=f"{self.name}:live"
        )["deploymentTarget"]["lambdaTarget"]
        return {event["lifecycleEventName"]: event["status"] for event in target["lifecycleEvents"]}

    def report(self, deployment: str, event: str, status: str) -> None:
        self.live.client("codedeploy").put_lifecycle_event_hook_execution_status(
            deploymentId=deployment,
            lifecycleEventHookExecutionId=hook_execution_id(deployment, event),
            status=status,
        )


@pytest.fixture
def release(new_engine: Callable[..., LiveEngine]) -> Callable[..., Release]:
    """Of an engine in which five minutes take so many seconds."""

    def make(canary_seconds: float = 3.0, environment: dict[str, str] | None = None, **group: Any) -> Release:
        live = new_engine(time_scale=300 / canary_seconds)
        live.start(environment)
        made = Release(live, f"f-{uuid.uuid4().hex[:6]}")
        made.prepare(**group)
        return made

    return make


def test_a_canary_waits_at_ten_percent_and_then_takes_all(release: Callable[..., Release]) -> None:
    one = release()
    deployment = one.deploy(hooks=(BEFORE, AFTER))
    eventually(lambda: one.events(deployment)[BEFORE] == "InProgress")
    assert one.traffic() == {"1": 1.0}
    one.report(deployment, BEFORE, "Succeeded")
    eventually(lambda: one.traffic() == {"1": 0.9, "2": 0.1})
    eventually(lambda: one.traffic() == {"2": 1.0})
    eventually(lambda: one.events(deployment)[AFTER] == "InProgress")
    one.report(deployment, AFTER, "Succeeded")
    assert one.ended(deployment) == "Succeeded"
    assert set(one.events(deployment).values()) == {"Succeeded"}
    deploy = one.live.client("codedeploy")
    group = deploy.get_deployment_group(applicationName=one.name, deploymentGroupName="group")["deploymentGroupInfo"]
    assert group["lastAttemptedDeployment"]["deploymentId"] == deployment
    with pytest.raises(ClientError) as error:
        one.report(deployment, AFTER, "Succeeded")
    assert error.value.response["Error"]["Code"] == "LifecycleEventAlreadyCompletedException"


def test_a_failed_hook_before_traffic_leaves_the_old_version_alone(release: Callable[..., Release]) -> None:
    one = release()
    deployment = one.deploy(hooks=(BEFORE,))
    eventually(lambda: one.events(deployment)[BEFORE] == "InProgress")
    one.report(deployment, BEFORE, "Failed")
    assert one.ended(deployment) == "Failed"
    assert one.info(deployment)["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
    assert one.traffic() == {"1": 1.0}


def test_an_alarm_during_the_canary_brings_the_traffic_back(release: Callable[..., Release]) -> None:
    one = release(60.0, alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]})
    alarm = ToldAlarm(one.live, "errors")
    deployment = one.deploy()
    eventually(lambda: one.traffic() == {"1": 0.9, "2": 0.1})
    alarm.say("ALARM")
    assert one.ended(deployment) == "Failed"
    info = one.info(deployment)
    assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert "errors" in info["errorInformation"]["message"]
    assert "version 1" in info["rollbackInfo"]["rollbackMessage"]
    assert one.traffic() == {"1": 1.0}


def test_a_stop_during_the_canary_brings_the_traffic_back(release: Callable[..., Release]) -> None:
    one = release(60.0)
    deployment = one.deploy()
    eventually(lambda: one.traffic() == {"1": 0.9, "2": 0.1})
    with pytest.raises(ClientError) as error:
        one.deploy()
    assert error.value.response["Error"]["Code"] == "DeploymentLimitExceededException"
    one.live.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    assert one.ended(deployment) == "Stopped"
    assert one.traffic() == {"1": 1.0}


def test_a_group_with_an_alarm_that_is_not_there_fails_closed(release: Callable[..., Release]) -> None:
    one = release(alarmConfiguration={"enabled": True, "alarms": [{"name": "nobody"}]})
    deployment = one.deploy()
    assert one.ended(deployment) == "Failed"
    assert one.info(deployment)["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert one.traffic() == {"1": 1.0}


def test_a_hook_that_is_not_there_fails_closed(release: Callable[..., Release]) -> None:
    one = release()
    one.live.client("lambda").delete_function(FunctionName=f"{one.name}-hook")
    deployment = one.deploy((BEFORE,))
    assert one.ended(deployment) == "Failed"
    error = one.info(deployment)["errorInformation"]
    assert error["code"] == "HOOK_EXECUTION_FAILURE"
    assert f"{BEFORE} hook {one.name}-hook failed: " in error["message"]
    assert one.traffic() == {"1": 1.0}


def test_a_group_of_an_unknown_configuration_is_refused_by_name(release: Callable[..., Release]) -> None:
    with pytest.raises(ClientError, match="No Deployment Configuration found for name: Canary10Percent7Minutes") as no:
        release(deploymentConfigName="Canary10Percent7Minutes")
    assert no.value.response["Error"]["Code"] == "DeploymentConfigDoesNotExistException"


def test_an_alias_that_somebody_moved_is_left_alone(release: Callable[..., Release]) -> None:
    one = release()
    functions = one.live.client("lambda")
    functions.update_function_code(FunctionName=one.name, ZipFile=_code(3))
    functions.get_waiter("function_updated_v2").wait(FunctionName=one.name, WaiterConfig={"Delay": 0.1})
    functions.publish_version(FunctionName=one.name)
    functions.update_alias(FunctionName=one.name, Name="live", FunctionVersion="3")
    deployment = one.deploy()
    assert one.ended(deployment) == "Failed"
    assert one.traffic() == {"3": 1.0}


@pytest.mark.parametrize(
    "point",
    [
        "codedeploy.deployment.InProgress.after_commit",
        "codedeploy.set_traffic.before",
        "codedeploy.set_traffic.after",
        "codedeploy.set_traffic.after#2",
        "codedeploy.deployment.Succeeded.before_commit",
        "codedeploy.deployment.Succeeded.after_commit",
    ],
)
def test_a_deployment_that_was_killed_ends_well(release: Callable[..., Release], point: str) -> None:
    one = release(1.0, {"MLSYSTEM_KILL_AT": point})
    deploy = one.live.client("codedeploy")
    with suppress(ClientError, BotoCoreError):  # the engine may die before it answers
        one.deploy()
    one.live.await_death()
    one.live.start()
    assert one.traffic().keys() <= {"1", "2"}
    (deployment,) = deploy.list_deployments(applicationName=one.name, deploymentGroupName="group")["deployments"]
    assert one.ended(deployment) == "Succeeded"
    assert one.traffic() == {"2": 1.0}


def test_a_rollback_that_was_killed_is_brought_to_its_end(release: Callable[..., Release]) -> None:
    one = release(60.0, {"MLSYSTEM_KILL_AT": "codedeploy.set_traffic.before#2"})
    deployment = one.deploy()
    eventually(lambda: one.traffic() == {"1": 0.9, "2": 0.1})
    with suppress(ClientError, BotoCoreError):  # the engine may die before it answers
        one.live.client("codedeploy").stop_deployment(deploymentId=deployment)
    one.live.await_death()
    one.live.start()
    assert one.ended(deployment) == "Stopped"
    assert one.traffic() == {"1": 1.0}


def test_only_lambda_is_there(engine: LiveEngine) -> None:
    with pytest.raises(ClientError, match="compute platform Server is not implemented"):
        engine.client("codedeploy").create_application(applicationName="servers")


def test_configurations_are_aws_s_own_and_custom_ones(engine: LiveEngine) -> None:
    deploy = engine.client("codedeploy")
    routing = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 20, "linearInterval": 2}}
    deploy.create_deployment_config(
        deploymentConfigName="twenty", computePlatform="Lambda", trafficRoutingConfig=routing
    )
    found = deploy.get_deployment_config(deploymentConfigName="twenty")["deploymentConfigInfo"]
    assert found["trafficRoutingConfig"] == routing
    names = deploy.list_deployment_configs()["deploymentConfigsList"]
    assert {"twenty", CANARY, "CodeDeployDefault.LambdaAllAtOnce"} <= set(names)
    deploy.delete_deployment_config(deploymentConfigName="twenty")
    with pytest.raises(ClientError) as error:
        deploy.get_deployment_config(deploymentConfigName="twenty")
    assert error.value.response["Error"]["Code"] == "DeploymentConfigDoesNotExistException"


def test_applications_and_groups_are_listed_changed_and_deleted(engine: LiveEngine) -> None:
    deploy = engine.client("codedeploy")
    name = f"app-{uuid.uuid4().hex[:6]}"
    deploy.create_application(applicationName=name, computePlatform="Lambda", tags=[{"Key": "a", "Value": "b"}])
    deploy.create_deployment_group(
        applicationName=name, deploymentGroupName="g", serviceRoleArn=role(engine, "deployer")
    )
    assert name in deploy.list_applications()["applications"]
    deploy.update_deployment_group(
        applicationName=name, currentDeploymentGroupName="g", newDeploymentGroupName="h", deploymentConfigName=CANARY
    )
    assert deploy.list_deployment_groups(applicationName=name)["deploymentGroups"] == ["h"]
    with pytest.raises(ClientError) as error:
        deploy.create_deployment_group(
            applicationName=name,
            deploymentGroupName="bad",
            serviceRoleArn=role(engine, "deployer"),
            alarmConfiguration={"enabled": True, "alarms": []},
        )
    assert error.value.response["Error"]["Code"] == "InvalidAlarmConfigException"
    deploy.delete_application(applicationName=name)
    with pytest.raises(ClientError) as gone:
        deploy.get_application(applicationName=name)
    assert gone.value.response["Error"]["Code"] == "ApplicationDoesNotExistException"
