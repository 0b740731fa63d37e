"""After traffic has shifted: the alias must answer with the new endpoint, what it answers must be captured, and the judge
must have nothing against it.

Without captured requests nobody would see the drift of this version. The hook looks for the requests that it sent
itself: any other file under the prefix would prove nothing.
"""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from check import Clock
from lifecycle_hook import run_hook
from shifted_traffic_check import check_shifted_traffic
from verdict_check import require_good_verdict


def handler(event: dict[str, Any], _context: object) -> str:
    """Lambda's entry point."""
    lambda_client, s3 = boto3.client("lambda"), boto3.client("s3")
    clock = Clock(time.time, time.sleep)

    def check() -> None:
        sent = check_shifted_traffic(lambda_client, s3, os.environ, clock)
        require_good_verdict(lambda_client, event["DeploymentId"], sent, os.environ, clock)

    return run_hook(boto3.client("codedeploy"), event, check)
