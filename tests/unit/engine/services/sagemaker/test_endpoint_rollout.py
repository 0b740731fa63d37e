"""Updates under guardrails: which fleet has how much of the requests after each event, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.guardrail import read_guardrail
from mlsystem.engine.services.sagemaker.endpoint import EndpointStatus, Phase, Stage
from tests.unit.engine.services.sagemaker.test_endpoint_machine import World, _deployment

COUNT = 4
ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "too-slow"}]}}
CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 60,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        },
        "TerminationWaitInSeconds": 30,
    }
}
LINEAR = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR",
            "WaitIntervalInSeconds": 60,
            "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        }
    }
}
ROLLING = {
    "RollingUpdatePolicy": {
        "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 2},
        "WaitIntervalInSeconds": 60,
        "MaximumExecutionTimeoutInSeconds": 600,
    }
}


class Updating(World):
    """An endpoint of four instances whose update has just been asked for."""

    def __init__(self, config: dict[str, Any]):
        super().__init__(("A", COUNT))
        self.in_service()
        guardrail = read_guardrail(config, {"A": COUNT})
        deployment = _deployment(2, ("A", COUNT)).model_copy(update={"guardrail": guardrail})
        self.send("update_requested", deployment=deployment.model_dump(mode="json"), ids=self.ids(2 * COUNT))

    @property
    def stage(self) -> Stage | None:
        return self.endpoint.rollout.stage if self.endpoint.rollout else None

    def routed(self) -> tuple[int, int]:
        """Instances that get requests: of the old fleet, of the new one."""
        old, new = (len(self.endpoint.routed(number, "A")) for number in (1, 2))
        return old, new

    def step(self) -> None:
        """The next step's instances become healthy and the door follows."""
        self.make_healthy()
        self.settle()

    def bake(self, active: list[str] | None = None, unreadable: str = "") -> None:
        """The time of the step is over; what its alarms then say."""
        assert self.stage is Stage.BAKING
        self.fire("bake")
        if "check_alarms" in self.asked():
            assert self.endpoint.rollout is not None
            number = self.endpoint.rollout.step
            self.send("alarms_checked", step=number, is_last=True, active=active or [], unreadable=unreadable)

    def leave(self) -> None:
        """Whoever is to leave is drained and ends."""
        self.settle()
        for instance in self.instances(Phase.DRAINING):
            self.tell("instance_drained", instance)
        for instance in self.instances(Phase.STOPPING):
            self.tell("instance_exited", instance, how="stopped", reason="")

    def fleets(self) -> list[int]:
        return [one.deployment for one in self.endpoint.instances]


def test_a_canary_gets_its_share_then_all_and_then_the_old_fleet_leaves() -> None:
    world = Updating(CANARY)
    assert world.routed() == (COUNT, 0)
    world.step()
    assert (world.endpoint.share, world.routed(), world.stage) == (0.25, (COUNT, 1), Stage.BAKING)
    assert world.timers["bake"].after_seconds == 60
    world.bake()
    assert (world.endpoint.share, world.stage) == (1.0, Stage.ACTIVATING)
    world.settle()
    assert (world.routed(), world.stage, world.timers["bake"].after_seconds) == ((0, COUNT), Stage.BAKING, 30)
    world.bake()
    assert world.endpoint.serving == 2
    world.leave()
    assert world.endpoint.state == EndpointStatus.IN_SERVICE
    assert world.fleets() == [2] * COUNT
    assert world.endpoint.failure_reason == ""


def test_linear_steps_go_on_until_the_last_which_is_not_baked_without_a_wait() -> None:
    world = Updating(LINEAR)
    world.step()
    assert world.endpoint.share == 0.5
    world.bake()
    assert (world.endpoint.serving, world.endpoint.rollout) == (2, None)


def test_a_rolling_update_ends_as_many_old_instances_as_new_ones_serve() -> None:
    world = Updating(ROLLING)
    assert world.fleets() == [1] * COUNT + [2] * 2
    world.step()
    assert (world.routed(), world.endpoint.share) == ((2, 2), 0.5)
    world.leave()
    assert world.fleets() == [1] * 2 + [2] * 2
    world.bake()
    assert world.stage is Stage.CREATING
    world.step()
    assert world.routed() == (0, COUNT)
    world.leave()
    world.bake()
    world.settle()
    assert world.endpoint.state == EndpointStatus.IN_SERVICE
    assert world.fleets() == [2] * COUNT


@pytest.mark.parametrize("config", [CANARY, LINEAR, ROLLING])
def test_an_alarm_gives_the_requests_back_before_anything_else(config: dict[str, Any]) -> None:
    world = Updating({**config, **ALARMS})
    world.step()
    world.send("alarm_raised", alarm="too-slow")
    assert world.endpoint.state == EndpointStatus.ROLLING_BACK
    assert "too-slow" in world.endpoint.failure_reason
    assert "bake" not in world.timers
    world.step()
    assert world.routed() == (COUNT, 0)
    world.leave()
    assert world.endpoint.state == EndpointStatus.IN_SERVICE
    assert world.fleets() == [1] * COUNT
    assert "too-slow" in world.endpoint.failure_reason


def test_without_instances_to_start_the_requests_go_back_at_once() -> None:
    world = Updating({**CANARY, **ALARMS})
    world.step()
    world.send("alarm_raised", alarm="too-slow")
    assert world.routed() == (COUNT, 0)


def test_an_alarm_that_is_looked_at_when_the_time_is_over_counts_too() -> None:
    world = Updating({**CANARY, **ALARMS})
    world.step()
    world.asked()
    world.bake(active=["too-slow"])
    assert world.endpoint.state == EndpointStatus.ROLLING_BACK


def test_alarms_that_cannot_be_read_count_as_raised() -> None:
    world = Updating({**CANARY, **ALARMS})
    world.step()
    world.asked()
    world.bake(unreadable="there is no alarm too-slow")
    assert world.endpoint.state == EndpointStatus.ROLLING_BACK
    assert "there is no alarm too-slow" in world.endpoint.failure_reason


def test_an_alarm_before_the_first_request_or_of_somebody_else_changes_nothing() -> None:
    world = Updating({**CANARY, **ALARMS})
    world.send("alarm_raised", alarm="too-slow")
    assert world.endpoint.state == EndpointStatus.UPDATING
    world.step()
    world.send("alarm_raised", alarm="another")
    assert world.endpoint.state == EndpointStatus.UPDATING


def test_an_answer_about_an_earlier_step_changes_nothing() -> None:
    world = Updating({**CANARY, **ALARMS})
    world.step()
    world.asked()
    world.bake()
    world.settle()
    world.send("alarms_checked", step=1, is_last=True, active=["too-slow"], unreadable="")
    assert world.endpoint.state == EndpointStatus.UPDATING


def test_a_rolling_update_comes_back_in_batches_if_it_shall() -> None:
    back = {"Type": "INSTANCE_COUNT", "Value": 1}
    policy = {**ROLLING["RollingUpdatePolicy"], "RollbackMaximumBatchSize": back}
    world = Updating({"RollingUpdatePolicy": policy, **ALARMS})
    world.step()
    world.leave()
    world.send("alarm_raised", alarm="too-slow")
    assert world.routed() == (2, 2)
    world.make_healthy()
    assert world.routed() == (3, 1)
    world.settle()
    world.make_healthy()
    assert world.routed() == (COUNT, 0)
    world.leave()
    assert world.endpoint.state == EndpointStatus.IN_SERVICE


def test_a_way_back_that_fails_leaves_both_fleets_and_says_so() -> None:
    world = Updating({**ROLLING, **ALARMS})
    world.step()
    world.leave()
    world.send("alarm_raised", alarm="too-slow")
    [first, *_] = world.instances(Phase.STARTING)
    world.tell("action_failed", first, code="ClientError", reason="the image is gone")
    assert world.endpoint.state == EndpointStatus.UPDATE_ROLLBACK_FAILED
    assert "the image is gone" in world.endpoint.failure_reason
    assert world.routed() == (2, 2)
    world.send("delete_requested")
    assert world.routed() == (0, 0)


def test_an_update_that_takes_too_long_is_taken_back() -> None:
    world = Updating(ROLLING)
    world.step()
    world.fire("limit")
    assert world.endpoint.state == EndpointStatus.ROLLING_BACK
    assert "MaximumExecutionTimeoutInSeconds, 600 s" in world.endpoint.failure_reason


def test_an_instance_of_a_later_batch_that_does_not_start_takes_the_update_back() -> None:
    world = Updating(ROLLING)
    world.step()
    world.bake()
    [first, *_] = world.instances(Phase.STARTING)
    world.tell("action_failed", first, code="ClientError", reason="the image is gone")
    assert world.endpoint.state == EndpointStatus.ROLLING_BACK
    world.step()
    world.leave()
    assert (world.endpoint.state, set(world.fleets())) == (EndpointStatus.IN_SERVICE, {1})


def test_each_stage_is_told_to_rules() -> None:
    world = Updating(CANARY)
    world.step()
    world.bake()
    world.settle()
    world.bake()
    stages = [
        data["detail"]["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
        for data in world.told
        if data.get("detail-type") == "SageMaker Endpoint Deployment State Change"
    ]
    assert stages == ["Creating", "ActivatingTraffic", "Baking", "ActivatingTraffic", "Baking"]
