"""How a hook of CodeDeploy ends: with a status, whatever happened.

CodeDeploy waits an hour for a hook that says nothing, with the deployment half done. So `Failed` is said also when the
check itself breaks or takes too long, and the reason stands in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from check import CheckError
from time_limit import Context, time_limit

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

log = logging.getLogger(__name__)


def run_hook(codedeploy: CodeDeployClient, event: dict[str, Any], context: Context, check: Callable[[], None]) -> str:
    """Make the check and tell CodeDeploy; `event` is CodeDeploy's. Returns the status."""
    status: Literal["Succeeded", "Failed"] = "Failed"
    try:
        with time_limit(context):
            check()
        status = "Succeeded"
    except CheckError as error:
        log.error("the deployment is rolled back: %s", error)  # noqa: TRY400 - the message says it all
    except Exception as error:
        log.error("the deployment is rolled back, as its check broke: %s: %s", type(error).__name__, error)  # noqa: TRY400
        raise
    finally:
        _tell(codedeploy, event, status)
    return status


def _tell(codedeploy: CodeDeployClient, event: dict[str, Any], status: Literal["Succeeded", "Failed"]) -> None:
    try:
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )
    except codedeploy.exceptions.LifecycleEventAlreadyCompletedException:
        log.info("%s: this event of the deployment has ended before: a hook may be called twice", status)
