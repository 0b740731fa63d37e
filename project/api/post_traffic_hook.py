"""After traffic has shifted: the alias must answer with the new endpoint, what it answers must be captured, and the judge
must have nothing against it.

Without captured requests nobody would see the drift of this version. The hook looks for the requests that it
and the hook before have sent, since the deployment began: any other file under the prefix would prove nothing.
"""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from check import Clock
from lifecycle_hook import run_hook
from shifted_traffic_check import check_shifted_traffic
from time_limit import Context
from verdict_check import require_good_verdict


def handler(event: dict[str, Any], context: Context) -> str:
    """Lambda's entry point."""
    codedeploy, lambda_client, s3 = boto3.client("codedeploy"), boto3.client("lambda"), boto3.client("s3")
    deployment_id = event["DeploymentId"]
    clock = Clock(time.time, time.sleep)

    def check() -> None:
        began = codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]["createTime"].timestamp()
        sent = check_shifted_traffic(lambda_client, s3, deployment_id, began, os.environ, clock)
        require_good_verdict(lambda_client, deployment_id, sent, os.environ, clock)

    return run_hook(codedeploy, event, context, check)
