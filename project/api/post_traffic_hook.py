"""After traffic has shifted: the alias must answer with the new endpoint, and what it answers must be captured.

Without captured requests nobody would see the drift of this version. The hook looks for the requests that it sent
itself: any other file under the prefix would prove nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from check import Clock
from deployment_check import ALIAS, probes_needed, read_sample, require_captured, send_probe
from lifecycle_hook import run_hook

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client


def check_shifted_traffic(
    lambda_client: LambdaClient, s3: S3Client, variables: Mapping[str, str], clock: Clock
) -> None:
    """Raises CheckError."""
    function_name, endpoint_name = variables["FUNCTION_NAME"], variables["ENDPOINT_NAME"]
    sample = read_sample(s3, variables["SAMPLE_URI"])
    probes = [
        send_probe(lambda_client, function_name, ALIAS, endpoint_name, sample, clock)
        for _ in range(probes_needed(float(variables["CAPTURE_PERCENT"])))
    ]
    require_captured(s3, variables["CAPTURE_URI"], endpoint_name, probes, clock)


def handler(event: dict[str, Any], _context: object) -> str:
    """Lambda's entry point."""
    clients = (boto3.client("lambda"), boto3.client("s3"))
    clock = Clock(time.time, time.sleep)
    return run_hook(boto3.client("codedeploy"), event, lambda: check_shifted_traffic(*clients, os.environ, clock))
