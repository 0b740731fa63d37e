"""A deployment as a row: `decide/traffic` says what happens, this puts it into the engine's steps.

Actions that move the traffic run one after the other in the deployment's own lane, so an older one never undoes a newer one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide import traffic
from mlsystem.engine.decide.traffic import Deployment, DeploymentStatus
from mlsystem.engine.durable.machine import Action, CancelTimer, Entry, Event, Notice, SetTimer, Step
from mlsystem.engine.services.codedeploy.notification import state_change, trigger_messages
from mlsystem.engine.store.records import Record

TRAFFIC = "codedeploy.set_traffic"
HOOK = "codedeploy.invoke_hook"
ALARMS = "codedeploy.check_alarms"
NOTIFY = "codedeploy.notify"


class DeploymentRecord(Record):
    """`key` is the deployment id, `parent` is `application/group`, `state` its status."""

    kind: ClassVar[str] = "codedeploy.deployment"
    deployment: Deployment
    application: str
    group: str
    group_id: str
    role_arn: str
    revision: dict[str, Any]
    description: str = ""
    creator: str = "user"
    rollback: dict[str, Any] = Field(default_factory=dict)
    triggers: tuple[dict[str, Any], ...] = ()


class DeploymentMachine:
    """`begun`, `traffic_set`, `hook_ended`, `alarms_checked`, `alarm_poll_failed`, `stop_requested`, `timer` and `action_failed`."""

    model = DeploymentRecord

    def __init__(self, region: str, account: str):
        self._region = region
        self._account = account

    def begin(self, record: DeploymentRecord, at: float) -> Step[DeploymentRecord]:
        return self._step(record, traffic.Begun(), at)

    def advance(self, record: DeploymentRecord, event: Event, at: float) -> Step[DeploymentRecord]:
        happened = _happened(event)
        if happened is None:
            return Step(record, history=(Entry(event.name, dict(event.data)),))
        return self._step(record, happened, at)

    def _step(self, record: DeploymentRecord, event: traffic.Event, at: float) -> Step[DeploymentRecord]:
        step = traffic.advance(record.deployment, event, at)
        changed = record.changed(deployment=step.deployment, state=step.deployment.status.value)
        notices: list[Notice] = []
        actions = [_action(changed, action) for action in step.actions]
        if changed.state != record.state:
            notices.append(Notice("aws.event", state_change(changed, self._region, self._account)))
            for topic, message in trigger_messages(changed, self._region, self._account):
                key = f"{changed.key}/{changed.state}/{topic}/{message['eventTriggerName']}"
                data = {"topic": topic, "message": message}
                actions.append(Action(NOTIFY, key=key, data=data, lane=f"{changed.key}/notify"))
            if DeploymentStatus(changed.state).is_terminal:
                ended = {"id": changed.key, "status": changed.state, "group": changed.parent}
                notices.append(Notice("codedeploy.deployment.ended", ended))
        timers = tuple(_timer(timer, at) for timer in step.timers)
        return Step(changed, actions=tuple(actions), timers=timers, notices=tuple(notices))


def _timer(timer: traffic.SetTimer | traffic.CancelTimer, at: float) -> SetTimer | CancelTimer:
    """What a hook does takes its time whatever the time scale."""
    if isinstance(timer, traffic.CancelTimer):
        return CancelTimer(timer.name)
    if timer.name == traffic.HOOK_TIMER:
        return SetTimer(timer.name, at=at + timer.after_seconds)
    return SetTimer(timer.name, after_seconds=timer.after_seconds)


def _action(record: DeploymentRecord, action: traffic.Action) -> Action:
    if isinstance(action, traffic.SetTraffic):
        data: dict[str, Any] = {"key": action.key, "percent": action.percent}
        return Action(TRAFFIC, key=action.key, data=data, lane=f"{record.key}/traffic")
    if isinstance(action, traffic.InvokeHook):
        data = {"lifecycle_event": action.lifecycle_event, "function": action.function}
        return Action(HOOK, key=action.key, data=data)
    return Action(ALARMS, key=action.key, data={"alarms": list(action.alarms), "check": action.check})


def _happened(event: Event) -> traffic.Event | None:
    """The event in the words of `decide/traffic`; None for what is only told."""
    data = event.data
    match event.name:
        case "timer":
            return traffic.TimerFired(data["timer"])
        case "traffic_set":
            return traffic.TrafficSet(data["key"])
        case "hook_ended":
            return traffic.HookEnded(data["lifecycle_event"], data["succeeded"], data.get("reason", ""))
        case "alarms_checked":
            return traffic.AlarmsChecked(tuple(data["active"]), data["check"])
        case "alarm_poll_failed":
            return traffic.AlarmPollFailed(data["reason"], data["check"])
        case "stop_requested":
            return traffic.StopRequested(data["rolls_back"])
        case "action_failed" if data["action"] == TRAFFIC:
            return traffic.TrafficFailed(data["key"], data["reason"])
        case "action_failed" if data["action"] == HOOK:
            return traffic.HookEnded(data["lifecycle_event"], succeeded=False, reason=data["reason"])
        case _:
            return None
