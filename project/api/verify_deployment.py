"""After every deployment, for the pipeline: the checks of both hooks.

CodeDeploy's hooks run when traffic shifts. The first deployment of a stack shifts none, so without this it would go
unchecked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from check import Clock
from deployment_check import require_all_traffic, require_schedule
from mlflow_registry import tell_mlflow
from new_version_check import check_new_version
from pipeline_action import Result, run_action
from shifted_traffic_check import check_shifted_traffic
from time_limit import Context, time_limit

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient


def verify(
    lambda_client: LambdaClient,
    s3: S3Client,
    sagemaker: SageMakerClient,
    job_id: str,
    variables: Mapping[str, str],
    clock: Clock,
) -> str:
    """Says what was found in order. `job_id` of CodePipeline stands in the requests. Raises CheckError."""
    began = clock.now()
    check_new_version(lambda_client, s3, sagemaker, job_id, variables, clock)
    require_all_traffic(lambda_client, variables["FUNCTION_NAME"], variables["NEW_VERSION"])
    require_schedule(sagemaker, variables["MONITORING_SCHEDULE_NAME"])
    check_shifted_traffic(lambda_client, s3, job_id, began, variables, clock)
    return f"version {variables['NEW_VERSION']} answers with endpoint {variables['ENDPOINT_NAME']}, and is captured"


def handler(event: dict[str, Any], context: Context) -> bool:
    """Lambda's entry point. The event is not logged: CodePipeline puts credentials into it."""
    clients = (boto3.client("lambda"), boto3.client("s3"), boto3.client("sagemaker"))
    clock = Clock(time.time, time.sleep)
    job_id = event["CodePipeline.job"]["id"]

    def work() -> Result:
        with time_limit(context):
            return Result(verify(*clients, job_id, os.environ, clock) + tell_mlflow(os.environ))

    return run_action(boto3.client("codepipeline"), job_id, work)
