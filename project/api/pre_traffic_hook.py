"""Before traffic shifts: the new version must answer real requests, with its own endpoint.

No client has reached the version yet. What it cannot answer here it would not have answered to one of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from check import Clock
from deployment_check import read_sample, require_endpoint_in_service, send_probe
from lifecycle_hook import run_hook

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient


def check_new_version(
    lambda_client: LambdaClient, s3: S3Client, sagemaker: SageMakerClient, variables: Mapping[str, str], clock: Clock
) -> None:
    """Raises CheckError."""
    endpoint_name = variables["ENDPOINT_NAME"]
    require_endpoint_in_service(sagemaker, endpoint_name)
    sample = read_sample(s3, variables["SAMPLE_URI"])
    send_probe(lambda_client, variables["FUNCTION_NAME"], variables["NEW_VERSION"], endpoint_name, sample, clock)


def handler(event: dict[str, Any], _context: object) -> str:
    """Lambda's entry point."""
    clients = (boto3.client("lambda"), boto3.client("s3"), boto3.client("sagemaker"))
    clock = Clock(time.time, time.sleep)
    return run_hook(boto3.client("codedeploy"), event, lambda: check_new_version(*clients, os.environ, clock))
