"""What is asked of the alias when it sends all clients to the new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from captured_requests import Wanted, probes_needed, require_captured
from check import Clock
from deployment_check import ALIAS
from probe import REQUESTS, Asked, alias_ids, send_probe, version_ids
from request_sample import bodies, read_sample

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client


def check_shifted_traffic(
    lambda_client: LambdaClient,
    s3: S3Client,
    check_id: str,
    began_seconds: float,
    variables: Mapping[str, str],
    clock: Clock,
) -> int:
    """How many requests it sent. `began_seconds`: the begin of the deployment; what was captured before does not count.

    Where all requests are captured, those that the new version was sent before must be there too. Raises CheckError.
    """
    endpoint_name, percent = variables["ENDPOINT_NAME"], float(variables["CAPTURE_PERCENT"])
    asked = Asked(variables["FUNCTION_NAME"], ALIAS, endpoint_name, variables["TASK_TYPE"])
    own = alias_ids(check_id, max(REQUESTS, probes_needed(percent)))
    requests = zip(own, bodies(read_sample(s3, variables["SAMPLE_URI"]), len(own)), strict=True)
    for inference_id, body in requests:
        send_probe(lambda_client, asked, inference_id, body, clock)
    is_sampled = percent < 100
    ids = own if is_sampled else [*version_ids(check_id), *own]
    wanted = Wanted(ids, 1 if is_sampled else len(ids), began_seconds)
    require_captured(s3, variables["CAPTURE_URI"], endpoint_name, wanted, clock)
    return len(own)
