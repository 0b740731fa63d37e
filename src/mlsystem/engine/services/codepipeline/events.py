"""The events that a pipeline sends to EventBridge.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlsystem.engine.durable.machine import Notice

if TYPE_CHECKING:
    from mlsystem.engine.services.codepipeline.execution import Execution, Run


def execution_event(execution: Execution, state: str) -> Notice:
    return _event(
        execution,
        "CodePipeline Pipeline Execution State Change",
        {"state": state, "execution-trigger": _trigger(execution)},
    )


def stage_event(execution: Execution, state: str) -> Notice:
    return _event(
        execution, "CodePipeline Stage Execution State Change", {"stage": execution.stage_name, "state": state}
    )


def action_event(execution: Execution, run: Run, action: dict[str, Any], state: str) -> Notice:
    kind = {name: action["actionTypeId"][name] for name in ("owner", "category", "provider", "version")}
    detail = {"stage": run.stage, "action": run.action, "action-execution-id": run.id, "state": state, "type": kind}
    return _event(execution, "CodePipeline Action Execution State Change", detail)


def _trigger(execution: Execution) -> dict[str, str]:
    names = {"triggerType": "trigger-type", "triggerDetail": "trigger-detail"}
    return {names[name]: value for name, value in execution.trigger.items()}


def _event(execution: Execution, detail_type: str, detail: dict[str, Any]) -> Notice:
    common = {"pipeline": execution.parent, "execution-id": execution.key, "version": execution.definition["version"]}
    resources = [execution.definition["arn"]]
    data = {
        "source": "aws.codepipeline",
        "detail-type": detail_type,
        "resources": resources,
        "detail": {**common, **detail},
    }
    return Notice("aws.event", data)
