"""CodeDeploy for Lambda: how traffic moves from one version of a function to another.

steps = plan(config)                         by the name of a configuration, or read from a custom one
step = advance(deployment, event, at)        hooks, steps, alarms, rollback
"""

from mlsystem.engine.decide.traffic.config import (
    CONFIGS,
    DeploymentConfig,
    TrafficStep,
    config_name,
    named_config,
    plan,
    read_config,
)
from mlsystem.engine.decide.traffic.deployment import (
    Deployment,
    DeploymentStatus,
    LifecycleEvent,
    LifecycleEventStatus,
    RollbackEvent,
    lambda_target,
    new_deployment,
    overview,
)
from mlsystem.engine.decide.traffic.machine import HOOK_TIMER, advance
from mlsystem.engine.decide.traffic.step import (
    Action,
    AlarmPollFailed,
    AlarmsChecked,
    Begun,
    CancelTimer,
    CheckAlarms,
    Event,
    HookEnded,
    InvokeHook,
    SetTimer,
    SetTraffic,
    Step,
    StopRequested,
    TimerFired,
    TrafficFailed,
    TrafficSet,
)

__all__ = [
    "CONFIGS",
    "HOOK_TIMER",
    "Action",
    "AlarmPollFailed",
    "AlarmsChecked",
    "Begun",
    "CancelTimer",
    "CheckAlarms",
    "Deployment",
    "DeploymentConfig",
    "DeploymentStatus",
    "Event",
    "HookEnded",
    "InvokeHook",
    "LifecycleEvent",
    "LifecycleEventStatus",
    "RollbackEvent",
    "SetTimer",
    "SetTraffic",
    "Step",
    "StopRequested",
    "TimerFired",
    "TrafficFailed",
    "TrafficSet",
    "TrafficStep",
    "advance",
    "config_name",
    "lambda_target",
    "named_config",
    "new_deployment",
    "overview",
    "plan",
    "read_config",
]
