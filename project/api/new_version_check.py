"""What is asked of a version before clients reach it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from check import Clock
from deployment_check import read_sample, require_endpoint_in_service, send_probe

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
