"""When the judge looks: each minute of one deployment, by a schedule that the deployment brings and the judge takes away.

Nothing runs between deployments, and the stack knows nothing of the schedule: CloudFormation sees no drift.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from check import Clock
from judge_names import ALL_AT_ONCE, schedule_name

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient
    from types_boto3_scheduler import EventBridgeSchedulerClient

LONGEST = timedelta(hours=51)  # CodeDeploy gives a deployment 50, with its hooks; later the schedule goes by itself

log = logging.getLogger(__name__)


def schedule_judge(
    codedeploy: CodeDeployClient,
    scheduler: EventBridgeSchedulerClient,
    deployment_id: str,
    variables: Mapping[str, str],
    clock: Clock,
) -> bool:
    """Whether the judge will look. May be repeated."""
    info = codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    if info["deploymentConfigName"] == ALL_AT_ONCE:
        log.info("%s moves all traffic at once: the judge has nothing to compare", deployment_id)
        return False
    try:
        scheduler.create_schedule(
            Name=schedule_name(variables["PIPELINE_NAME"], deployment_id),
            Description=f"Judges the deployment {deployment_id} each minute.",
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            EndDate=datetime.fromtimestamp(clock.now(), UTC) + LONGEST,
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": variables["JUDGE_ARN"],
                "RoleArn": variables["JUDGE_SCHEDULE_ROLE_ARN"],
                "Input": json.dumps({"deploymentId": deployment_id}),
                "RetryPolicy": {"MaximumRetryAttempts": 0},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConflictException":
            raise
    return True
