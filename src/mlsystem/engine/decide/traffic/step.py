"""What happens to a deployment, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from mlsystem.engine.decide.traffic.deployment import Deployment

# Events


@dataclass(frozen=True)
class Begun:
    """CreateDeployment has been accepted."""


@dataclass(frozen=True)
class HookEnded:
    """PutLifecycleEventHookExecutionStatus, or the hook function could not even be invoked."""

    lifecycle_event: str
    succeeded: bool
    reason: str = ""


@dataclass(frozen=True)
class TrafficSet:
    """The action with this key has moved the traffic."""

    key: str


@dataclass(frozen=True)
class TrafficFailed:
    """The action with this key will not succeed: the alias is gone, or a version of it."""

    key: str
    reason: str


@dataclass(frozen=True)
class AlarmsChecked:
    """The alarms that are in ALARM now. `check` numbers the answer to a CheckAlarms; None: it comes unasked."""

    active: tuple[str, ...]
    check: int | None = None


@dataclass(frozen=True)
class AlarmPollFailed:
    """The state of the alarms could not be learnt."""

    reason: str
    check: int | None = None


@dataclass(frozen=True)
class TimerFired:
    """A timer set by an earlier step."""

    name: str


@dataclass(frozen=True)
class StopRequested:
    """StopDeployment. `rolls_back` (autoRollbackEnabled) None: as the group says."""

    rolls_back: bool | None = None


Event = Begun | HookEnded | TrafficSet | TrafficFailed | AlarmsChecked | AlarmPollFailed | TimerFired | StopRequested

# What follows


@dataclass(frozen=True)
class InvokeHook:
    """Invoke the hook function with the deployment's id and an execution id of the caller's."""

    key: str
    lifecycle_event: str
    function: str


@dataclass(frozen=True)
class SetTraffic:
    """Give `percent` of the alias's traffic to the target version; at 100 the alias points to it alone.

    The SetTraffic actions of a deployment must be carried out in their order.
    """

    key: str
    percent: int


@dataclass(frozen=True)
class CheckAlarms:
    """Look at the alarms and answer AlarmsChecked or AlarmPollFailed with this number."""

    key: str
    alarms: tuple[str, ...]
    check: int


@dataclass(frozen=True)
class SetTimer:
    """Tell TimerFired after a time (which the time scale divides); a timer of the same name is replaced."""

    name: str
    after_seconds: float


@dataclass(frozen=True)
class CancelTimer:
    """Forget the timer, if it is set."""

    name: str


Action = InvokeHook | SetTraffic | CheckAlarms


@dataclass(frozen=True)
class Step:
    """The new state, and all that follows from it."""

    deployment: Deployment
    actions: tuple[Action, ...] = ()
    timers: tuple[SetTimer | CancelTimer, ...] = ()
