"""What is asked of the alias when it sends all clients to the new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from check import Clock
from deployment_check import ALIAS, probes_needed, read_sample, require_captured, send_probe

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client


def check_shifted_traffic(lambda_client: LambdaClient, s3: S3Client, variables: Mapping[str, str], clock: Clock) -> int:
    """How many requests it sent. Raises CheckError."""
    function_name, endpoint_name = variables["FUNCTION_NAME"], variables["ENDPOINT_NAME"]
    sample = read_sample(s3, variables["SAMPLE_URI"])
    probes = [
        send_probe(lambda_client, function_name, ALIAS, endpoint_name, sample, clock)
        for _ in range(probes_needed(float(variables["CAPTURE_PERCENT"])))
    ]
    require_captured(s3, variables["CAPTURE_URI"], endpoint_name, probes, clock)
    return len(probes)
