"""Deployments as rows: what an overtaken step may still do, and who is told what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.traffic import RollbackEvent, named_config, new_deployment
from mlsystem.engine.durable.machine import Event, SetTimer
from mlsystem.engine.services.codedeploy.deployment import TRAFFIC, DeploymentMachine, DeploymentRecord
from mlsystem.engine.services.codedeploy.deployment_actions import (
    alias_request,
    hook_execution_id,
    is_due,
    lifecycle_event_of,
)
from mlsystem.engine.services.codedeploy.permissions import PERMISSIONS
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database

TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
FIRST = "d-1/traffic/0"


def _begun() -> DeploymentRecord:
    deployment = new_deployment(
        deployment_id="d-1",
        function_name="f",
        alias="live",
        current_version="1",
        target_version="2",
        config=named_config("CodeDeployDefault.LambdaCanary10Percent5Minutes"),
        at=1.0,
        rolls_back_on=[RollbackEvent.REQUEST, RollbackEvent.FAILURE],
    )
    events = ["DeploymentStart", "DeploymentSuccess", "DeploymentRollback"]
    trigger = {"triggerName": "all", "triggerTargetArn": TOPIC, "triggerEvents": events}
    return DeploymentRecord(
        key="d-1",
        parent="app/group",
        state="Created",
        deployment=deployment,
        application="app",
        group="group",
        group_id="g-1",
        role_arn="arn:role",
        revision={},
        triggers=(trigger,),
    )


MACHINE = DeploymentMachine("us-east-1", "000000000000")


def _step(record: DeploymentRecord, name: str, **data: object) -> DeploymentRecord:
    changed = MACHINE.advance(record, Event(name, data), 2.0).record
    assert changed is not None
    return changed


def test_the_first_step_is_asked_for_in_the_traffic_s_own_lane() -> None:
    step = MACHINE.begin(_begun(), 1.0)
    (traffic,) = [action for action in step.actions if action.name == TRAFFIC]
    assert (traffic.data, traffic.lane) == ({"key": FIRST, "percent": 10}, "d-1/traffic")


def test_a_step_that_a_rollback_has_overtaken_may_not_act() -> None:
    begun = MACHINE.begin(_begun(), 1.0).record
    assert begun is not None
    assert is_due(begun.deployment, FIRST)
    stopping = _step(begun, "stop_requested", rolls_back=True)
    assert not is_due(stopping.deployment, FIRST)
    assert is_due(stopping.deployment, "d-1/traffic/back")
    stopped = _step(stopping, "traffic_set", key="d-1/traffic/back")
    assert stopped.state == "Stopped"
    assert not is_due(stopped.deployment, "d-1/traffic/back")


def test_a_step_under_way_may_still_act_where_nothing_goes_back() -> None:
    begun = MACHINE.begin(_begun(), 1.0).record
    assert begun is not None
    stopping = _step(begun, "stop_requested", rolls_back=False)
    assert is_due(stopping.deployment, FIRST)
    stopped = _step(stopping, "traffic_set", key=FIRST)
    assert (stopped.state, stopped.deployment.percent) == ("Stopped", 10)
    assert not is_due(stopped.deployment, FIRST)


def test_a_hook_has_an_hour_of_real_time() -> None:
    hooked = _begun()
    events = (hooked.deployment.events[0].model_copy(update={"hook": "check"}), *hooked.deployment.events[1:])
    hooked = hooked.changed(deployment=hooked.deployment.model_copy(update={"events": events}))
    assert MACHINE.begin(hooked, 1.0).timers == (SetTimer("hook", at=3601.0),)


def test_topics_hear_of_start_and_rollback_in_codedeploy_s_json() -> None:
    step = MACHINE.begin(_begun(), 1.0)
    (notify,) = [action for action in step.actions if action.name == "codedeploy.notify"]
    assert notify.data["message"]["status"] == "CREATED"
    assert notify.data["message"]["createTime"] == "Thu Jan 01 00:00:01 UTC 1970"
    assert step.record is not None
    back = _step(step.record, "stop_requested", rolls_back=True)
    ended = MACHINE.advance(back, Event("traffic_set", {"key": "d-1/traffic/back"}), 3.0)
    (told,) = [action for action in ended.actions if action.name == "codedeploy.notify"]
    assert told.data["message"]["status"] == "STOPPED"
    assert json.loads(told.data["message"]["errorInformation"])["ErrorCode"] == "MANUAL_STOP"
    assert "version 1" in told.data["message"]["rollbackInformation"]
    topics = [notice.topic for notice in ended.notices]
    assert topics == ["aws.event", "codedeploy.deployment.ended"]
    assert ended.notices[0].data["detail"]["state"] == "STOP"


@pytest.mark.parametrize(("percent", "version", "weights"), [(0, "1", {}), (10, "1", {"2": 0.1}), (100, "2", {})])
def test_an_alias_is_given_exactly_the_two_versions(percent: int, version: str, weights: dict[str, float]) -> None:
    request = alias_request(_begun().deployment, percent)
    assert request["FunctionVersion"] == version
    assert request["RoutingConfig"] == {"AdditionalVersionWeights": weights}


def test_a_hook_s_id_names_its_deployment_and_event() -> None:
    token = hook_execution_id("d-1", "BeforeAllowTraffic")
    assert lifecycle_event_of(token, "d-1") == "BeforeAllowTraffic"
    assert lifecycle_event_of(token, "d-2") is None
    assert lifecycle_event_of("nonsense", "d-1") is None


def test_a_deployment_has_no_arn_and_is_guarded_by_its_group_s(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", SystemClock(1.0))
    with database.transaction() as tx:
        tx.add(_begun())
        scope = Scope("000000000000", "us-east-1")
        (known,) = PERMISSIONS.of("GetDeployment", {"deploymentId": "d-1"}, scope, tx)
        (unknown,) = PERMISSIONS.of("GetDeployment", {"deploymentId": "d-2"}, scope, tx)
    database.close()
    assert known.resource == "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:app/group"
    assert unknown.resource == "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:*"
