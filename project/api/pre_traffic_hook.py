"""Before traffic shifts: the new endpoint gets the old one's instances, the new version must answer real requests with it and in
time, and a judge must be watching.

No client has reached the version yet. What it cannot answer here it would not have answered to one of them.
"""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from check import Clock
from judge_schedule import schedule_judge
from lifecycle_hook import run_hook
from new_version_check import check_new_version
from scaled_count import keep_scaled_count
from time_limit import Context


def handler(event: dict[str, Any], context: Context) -> str:
    """Lambda's entry point."""
    codedeploy, scheduler = boto3.client("codedeploy"), boto3.client("scheduler")
    lambda_client, sagemaker = boto3.client("lambda"), boto3.client("sagemaker")
    clients = (lambda_client, boto3.client("s3"), sagemaker)
    clock = Clock(time.time, time.sleep)

    def check() -> None:
        keep_scaled_count(lambda_client, sagemaker, os.environ, clock)
        check_new_version(*clients, event["DeploymentId"], os.environ, clock)
        schedule_judge(codedeploy, scheduler, event["DeploymentId"], os.environ, clock)

    return run_hook(codedeploy, event, context, check)
