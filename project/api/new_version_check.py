"""What is asked of a version before clients reach it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from check import Clock
from deployment_check import require_endpoint_in_service
from probe import Asked, require_quick, send_probe, version_ids
from request_sample import bodies, read_sample

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient


def check_new_version(
    lambda_client: LambdaClient,
    s3: S3Client,
    sagemaker: SageMakerClient,
    check_id: str,
    variables: Mapping[str, str],
    clock: Clock,
) -> None:
    """The first request may find everything cold, so how long its answer takes does not count. Raises CheckError."""
    endpoint_name = variables["ENDPOINT_NAME"]
    require_endpoint_in_service(sagemaker, endpoint_name)
    asked = Asked(variables["FUNCTION_NAME"], variables["NEW_VERSION"], endpoint_name, variables["TASK_TYPE"])
    ids = version_ids(check_id)
    requests = zip(ids, bodies(read_sample(s3, variables["SAMPLE_URI"]), len(ids)), strict=True)
    probes = [send_probe(lambda_client, asked, inference_id, body, clock) for inference_id, body in requests]
    require_quick(asked, probes[1:], float(variables["MAX_LATENCY_MS"]))
