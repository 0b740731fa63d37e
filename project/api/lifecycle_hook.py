"""How a hook of CodeDeploy ends: with a status, whatever happened.

CodeDeploy waits an hour for a hook that says nothing, with the deployment half done. So `Failed` is said also when the
check itself breaks, and the reason stands in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from check import CheckError

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

log = logging.getLogger(__name__)


def run_hook(codedeploy: CodeDeployClient, event: dict[str, Any], check: Callable[[], None]) -> str:
    """Make the check and tell CodeDeploy; `event` is CodeDeploy's. Returns the status."""
    status: Literal["Succeeded", "Failed"] = "Failed"
    try:
        check()
        status = "Succeeded"
    except CheckError as error:
        log.error("the deployment is rolled back: %s", error)  # noqa: TRY400 - the message says it all
    finally:
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )
    return status
