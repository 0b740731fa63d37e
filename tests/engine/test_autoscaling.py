"""Application Auto Scaling: instances follow the metric, within their bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.live import LiveEngine, eventually
from tests.serving import Serving, SteadyLoad
from tests.stacks import StackUser

# As a target: a minute of this engine's time is a second.
REQUESTS_A_SCALED_MINUTE = 10.0
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class Scaled:
    """An endpoint of one instance as a scalable target."""

    def __init__(self, live: LiveEngine):
        self.live = live
        self.serving = Serving(live)
        self.endpoint = self.serving.endpoint(self.serving.simple_config())
        self.scaling = live.client("application-autoscaling")
        self.what = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{self.endpoint}/variant/AllTraffic",
            "ScalableDimension": DIMENSION,
        }

    def register(self, least: int, most: int) -> None:
        self.scaling.register_scalable_target(**self.what, MinCapacity=least, MaxCapacity=most)

    def follow(self, target: float, **more: Any) -> dict[str, Any]:
        return dict(
            self.scaling.put_scaling_policy(
                **self.what,
                PolicyName="follow",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": target,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                    "ScaleOutCooldown": 60,
                    "ScaleInCooldown": 60,
                    **more,
                },
            )
        )

    def instances(self) -> int:
        found = self.serving.sagemaker.describe_endpoint(EndpointName=self.endpoint)
        variant = found["ProductionVariants"][0]
        if found["EndpointStatus"] != "InService":
            return 0
        return int(variant["CurrentInstanceCount"]) if "CurrentInstanceCount" in variant else 0

    def activities(self) -> list[dict[str, Any]]:
        what = {name: value for name, value in self.what.items() if name != "ScalableDimension"}
        return list(self.scaling.describe_scaling_activities(**what)["ScalingActivities"])


def test_instances_follow_a_step_of_the_load_and_no_request_fails(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(time_scale=60)
    live.start()
    one = Scaled(live)
    one.register(1, 3)
    alarms = one.follow(REQUESTS_A_SCALED_MINUTE)["Alarms"]
    names = [alarm["AlarmName"].rsplit("-", 5)[0] for alarm in alarms]
    base = f"TargetTracking-endpoint/{one.endpoint}/variant/AllTraffic"
    assert names == [f"{base}-AlarmHigh", f"{base}-AlarmLow"]
    with SteadyLoad.on_endpoint(live, one.endpoint, per_second=5) as load:
        eventually(lambda: len(load.answers) > 10)
        assert one.instances() == 1
        load.per_second = 30
        eventually(lambda: one.instances() == 3, timeout=90)
        load.per_second = 5
        eventually(lambda: one.instances() == 1, timeout=120)
    assert load.failures == []
    (activity, *_) = [found for found in one.activities() if "to 3" in found["Description"]]
    assert activity["StatusCode"] == "Successful"
    assert "AlarmHigh" in activity["Cause"]
    assert "triggered policy follow" in activity["Cause"]
    one.scaling.deregister_scalable_target(**one.what)
    assert live.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking")["MetricAlarms"] == []
    assert one.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []


@pytest.mark.parametrize(
    "point", ["application-autoscaling.target.Scaling.after_commit", "application-autoscaling.set_capacity.after"]
)
def test_a_registration_lifts_the_capacity_to_its_minimum_also_after_a_crash(
    new_engine: Callable[..., LiveEngine], point: str
) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": point})
    one = Scaled(live)
    with suppress(ClientError, BotoCoreError):  # the engine may die before it answers
        one.register(2, 3)
    live.await_death()
    live.start()
    eventually(lambda: one.instances() == 2, timeout=60)
    (activity,) = eventually(one.activities)
    assert activity["Cause"] == "minimum capacity was set to 2"


@pytest.fixture(scope="module")
def scaled(engine: LiveEngine) -> Scaled:
    return Scaled(engine)


def test_a_scheduled_action_changes_the_bounds(scaled: Scaled) -> None:
    scaled.register(1, 2)
    at = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
    scaled.scaling.put_scheduled_action(
        **scaled.what,
        ScheduledActionName="wider",
        Schedule=f"at({at})",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 4},
    )

    def most() -> int:
        found = scaled.scaling.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[scaled.what["ResourceId"]]
        )
        return int(found["ScalableTargets"][0]["MaxCapacity"])

    eventually(lambda: most() == 4)
    (action,) = scaled.scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert action["ScheduledActionName"] == "wider"
    scaled.scaling.delete_scheduled_action(**scaled.what, ScheduledActionName="wider")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PolicyType": "StepScaling"}, "the type StepScaling"),
        (
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                }
            },
            "ECSServiceAverageCPUUtilization",
        ),
    ],
)
def test_policies_that_are_not_there_are_refused_by_name(scaled: Scaled, change: dict[str, Any], words: str) -> None:
    scaled.register(1, 2)
    request = {"PolicyName": "p", "PolicyType": "TargetTrackingScaling", **scaled.what, **change}
    with pytest.raises(ClientError, match=words):
        scaled.scaling.put_scaling_policy(**request)


def test_a_target_that_does_not_exist_is_refused(scaled: Scaled) -> None:
    what = {**scaled.what, "ResourceId": "endpoint/nobody/variant/AllTraffic"}
    with pytest.raises(ClientError, match="No scalable resources found"):
        scaled.scaling.register_scalable_target(**what, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(ClientError, match="Minimum capacity cannot be greater"):
        scaled.scaling.register_scalable_target(**scaled.what, MinCapacity=3, MaxCapacity=2)


# ---------------------------------------------------------------------- in a stack
def _action(name: str, hour: int, least: int, most: int, **more: str) -> dict[str, Any]:
    # Numbers as text, as parameters give them.
    bounds = {"MinCapacity": str(least), "MaxCapacity": str(most)}
    return {
        "ScheduledActionName": name,
        "Schedule": f"cron(0 {hour} * * ? *)",
        "ScalableTargetAction": bounds,
        **more,
    }


def _target(scaled: Scaled, *actions: dict[str, Any], most: int = 2) -> str:
    properties: dict[str, Any] = {**scaled.what, "MinCapacity": 1, "MaxCapacity": most}
    if actions:
        properties["ScheduledActions"] = list(actions)
    return json.dumps(
        {"Resources": {"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}}}
    )


def _scheduled(scaled: Scaled) -> dict[str, tuple[str, str, dict[str, int]]]:
    found = scaled.scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    return {
        action["ScheduledActionName"]: (action["Schedule"], action["Timezone"], dict(action["ScalableTargetAction"]))
        for action in found
    }


def test_a_stack_has_the_scheduled_actions_that_its_target_names(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    scaled, user = Scaled(live), StackUser(live, "quiet")
    night, day = _action("from", 22, 1, 2, Timezone="Europe/Berlin"), _action("until", 6, 1, 4)
    night_is = ("cron(0 22 * * ? *)", "Europe/Berlin", {"MinCapacity": 1, "MaxCapacity": 2})
    day_is = ("cron(0 6 * * ? *)", "UTC", {"MinCapacity": 1, "MaxCapacity": 4})
    made = user.create(_target(scaled, night, day))
    assert made["StackStatus"] == "CREATE_COMPLETE", user.failures()
    assert _scheduled(scaled) == {"from": night_is, "until": day_is}

    later = _action("until", 7, 1, 4)
    assert user.update(_target(scaled, night, later))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert _scheduled(scaled) == {"from": night_is, "until": ("cron(0 7 * * ? *)", *day_is[1:])}

    # A timezone that is not given any more is UTC again; what is not named any more is deleted.
    assert user.update(_target(scaled, _action("from", 22, 1, 2)))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert _scheduled(scaled) == {"from": (night_is[0], "UTC", night_is[2])}

    # What the update brought goes, and what it took comes back.
    wrong = _action("wrong", 25, 1, 2)
    assert user.update(_target(scaled, day, wrong))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "25" in user.failures()["Target"]
    assert _scheduled(scaled) == {"from": (night_is[0], "UTC", night_is[2])}

    assert user.update(_target(scaled, most=3))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert _scheduled(scaled) == {}
    assert user.update(_target(scaled, night))["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()
    eventually(lambda: _scheduled(scaled) == {})

    # Nothing is left of a target whose action is refused.
    assert StackUser(live, "refused").create(_target(scaled, wrong))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert scaled.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_an_action_that_is_put_again_without_its_end_has_none(scaled: Scaled) -> None:
    scaled.register(1, 2)
    bounds = {"MinCapacity": 1, "MaxCapacity": 2}
    named = {**scaled.what, "ScheduledActionName": "ending"}
    end = datetime.now(UTC) + timedelta(days=1)
    scaled.scaling.put_scheduled_action(
        **named, Schedule="cron(0 22 * * ? *)", ScalableTargetAction=bounds, EndTime=end
    )
    scaled.scaling.put_scheduled_action(**named, Timezone="Europe/Berlin")
    (action,) = scaled.scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert "EndTime" not in action
    assert (action["Schedule"], action["Timezone"]) == ("cron(0 22 * * ? *)", "Europe/Berlin")
    scaled.scaling.delete_scheduled_action(**named)


def test_the_tags_of_a_target_change(scaled: Scaled) -> None:
    scaled.register(1, 2)
    (found,) = scaled.scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[scaled.what["ResourceId"]]
    )["ScalableTargets"]
    arn = found["ScalableTargetARN"]
    scaled.scaling.tag_resource(ResourceARN=arn, Tags={"team": "a", "stage": "dev"})
    scaled.scaling.untag_resource(ResourceARN=arn, TagKeys=["stage"])
    assert scaled.scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "a"}
