"""What is told of a deployment: events for EventBridge, messages for the topics of a group's triggers. Pure.

https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-sns-event-notifications-json-format.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.decide.traffic import DeploymentStatus, overview

if TYPE_CHECKING:
    from mlsystem.engine.services.codedeploy.deployment import DeploymentRecord

EVENT_STATES = {
    DeploymentStatus.CREATED: "START",
    DeploymentStatus.IN_PROGRESS: "START",
    DeploymentStatus.SUCCEEDED: "SUCCESS",
    DeploymentStatus.FAILED: "FAILURE",
    DeploymentStatus.STOPPED: "STOP",
}
TRIGGER_EVENTS = {
    DeploymentStatus.IN_PROGRESS: "DeploymentStart",
    DeploymentStatus.SUCCEEDED: "DeploymentSuccess",
    DeploymentStatus.FAILED: "DeploymentFailure",
    DeploymentStatus.STOPPED: "DeploymentStop",
}
# A deployment that begins is told of as one that was created.
TOLD_STATES = {DeploymentStatus.IN_PROGRESS: "CREATED"}


def state_change(record: DeploymentRecord, region: str, account: str) -> dict[str, Any]:
    """The data of the notice `aws.event`."""
    prefix = f"arn:aws:codedeploy:{region}:{account}"
    return {
        "source": "aws.codedeploy",
        "detail-type": "CodeDeploy Deployment State-change Notification",
        "resources": [f"{prefix}:application:{record.application}", f"{prefix}:deploymentgroup:{record.parent}"],
        "detail": {
            "region": region,
            "deploymentId": record.key,
            "instanceGroupId": record.group_id,
            "deploymentGroup": record.group,
            "state": EVENT_STATES[record.deployment.status],
            "application": record.application,
        },
    }


def trigger_messages(record: DeploymentRecord, region: str, account: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(topic, message) of each trigger that wants to know of the state that the deployment has come to."""
    events = {TRIGGER_EVENTS.get(record.deployment.status)}
    if record.deployment.status.is_terminal and record.deployment.has_rolled_back:
        events.add("DeploymentRollback")
    for trigger in record.triggers:
        if events & set(trigger.get("triggerEvents", ())):
            yield trigger["triggerTargetArn"], _message(record, region, account, trigger["triggerName"])


def _message(record: DeploymentRecord, region: str, account: str, trigger: str) -> dict[str, str]:
    """As AWS sends it, which differs from the guide's example: times and states in words, every value a text, also where it holds JSON."""
    deployment = record.deployment
    counts = {name: count for name, count in overview(deployment).items() if name != "Ready"}
    message = {
        "region": region,
        "accountId": account,
        "eventTriggerName": trigger,
        "applicationName": record.application,
        "deploymentId": record.key,
        "deploymentGroupName": record.group,
        "createTime": _told(deployment.created_at),
        "deploymentOverview": json.dumps(counts),
        "status": TOLD_STATES.get(deployment.status, deployment.status.value.upper()),
    }
    if deployment.completed_at is not None:
        message["completeTime"] = _told(deployment.completed_at)
    if deployment.error_code:
        error = {"ErrorCode": deployment.error_code, "ErrorMessage": deployment.error_message}
        message["errorInformation"] = json.dumps(error)
    if deployment.has_rolled_back:
        back = f"The traffic is back at version {deployment.current_version}."
        message["rollbackInformation"] = json.dumps({"RollbackMessage": back})
    return message


def _told(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%a %b %d %H:%M:%S UTC %Y}"
