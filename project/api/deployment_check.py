"""The checks of a deployment: is it answering, with the right model, and is what it answers captured?

The hooks and the pipeline make the same checks. They send real requests, rows of the very data that the monitoring
baseline was made of, and look for these very requests afterwards, by inference id. A check that cannot be made has
failed.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from check import CheckError, Clock

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient

ALIAS = "live"
SAMPLE_ROWS = 2
SAMPLE_BYTES = 256 * 1024  # of the baseline's first file: enough for a header and some rows
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
ENDPOINT = "x-sagemaker-endpoint"
OVERLOOKED = 1e-6  # the chance that sampled capture passes over all requests of a check
FIRST_POLL_SECONDS = 0.25  # then longer and longer: captured data may be there at once, or in minutes
LONGEST_POLL_SECONDS = 10.0
CAPTURE_SECONDS = 600.0  # SageMaker writes captured data within minutes


@dataclass(frozen=True)
class Probe:
    """A request that a check sent."""

    inference_id: str
    sent_at_seconds: float


def require_endpoint_in_service(sagemaker: SageMakerClient, endpoint_name: str) -> None:
    """The endpoint serves, and captures what it serves."""
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    if endpoint["EndpointStatus"] != "InService":
        reason = endpoint.get("FailureReason", "")
        raise CheckError(f"endpoint {endpoint_name} is {endpoint['EndpointStatus']} {reason}".rstrip())
    capture = endpoint.get("DataCaptureConfig")
    if not capture or not capture["EnableCapture"]:
        raise CheckError(f"endpoint {endpoint_name} does not capture its requests")


def require_all_traffic(lambda_client: LambdaClient, function_name: str, version: str) -> None:
    """The alias sends every request to `version`."""
    alias = lambda_client.get_alias(FunctionName=function_name, Name=ALIAS)
    others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if alias["FunctionVersion"] != version or any(others.values()):
        raise CheckError(
            f"alias {ALIAS} of {function_name} routes to {alias['FunctionVersion']} {others}, not to {version}"
        )


def require_schedule(sagemaker: SageMakerClient, schedule_name: str) -> None:
    """Monitoring is on."""
    status = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule_name)["MonitoringScheduleStatus"]
    if status not in ("Scheduled", "Pending"):
        raise CheckError(f"monitoring schedule {schedule_name} is {status}")


def read_sample(s3: S3Client, sample_uri: str) -> str:
    """The first rows of the monitoring baseline, as a CSV request. `sample_uri` is a folder of CSV files with headers."""
    bucket, _, prefix = sample_uri.removeprefix("s3://").partition("/")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = sorted(item["Key"] for item in found if item["Key"].endswith(".csv"))
    if not keys:
        raise CheckError(f"{sample_uri}: has no CSV file to take a request from")
    head = s3.get_object(Bucket=bucket, Key=keys[0], Range=f"bytes=0-{SAMPLE_BYTES - 1}")["Body"].read()
    rows = head.decode("utf-8", errors="ignore").splitlines()[1 : 1 + SAMPLE_ROWS]
    if not rows:
        raise CheckError(f"s3://{bucket}/{keys[0]}: has no row to take a request from")
    return "\n".join(rows) + "\n"


def send_probe(
    lambda_client: LambdaClient, function_name: str, qualifier: str, endpoint_name: str, sample: str, clock: Clock
) -> Probe:
    """Send the sample to a version or alias; the answer must come from `endpoint_name`, a prediction for each row."""
    probe = Probe(inference_id=f"check-{uuid.uuid4()}", sent_at_seconds=clock.now())
    answer = lambda_client.invoke(
        FunctionName=function_name, Qualifier=qualifier, Payload=json.dumps(_request(probe, sample)).encode()
    )
    payload = answer["Payload"].read().decode(errors="replace")
    target = f"{function_name}:{qualifier}"
    if answer.get("FunctionError"):
        raise CheckError(f"{target} raised an error: {payload[:1000]}")
    _require_predictions(target, json.loads(payload), endpoint_name, len(sample.splitlines()))
    return probe


def probes_needed(capture_percent: float) -> int:
    """How many requests it takes so that at least one is captured, but for a chance of OVERLOOKED."""
    missed = 1 - capture_percent / 100
    return 1 if missed <= 0 else math.ceil(math.log(OVERLOOKED) / math.log(missed))


def require_captured(s3: S3Client, capture_uri: str, endpoint_name: str, probes: list[Probe], clock: Clock) -> None:
    """Wait until one of the probes is found among the captured requests."""
    wanted = {probe.inference_id for probe in probes}
    first = min(probe.sent_at_seconds for probe in probes)
    bucket, _, prefix = f"{capture_uri.removeprefix('s3://')}{endpoint_name}/".partition("/")
    seen: set[str] = set()
    pause = FIRST_POLL_SECONDS
    while True:
        for key in _new_keys(s3, bucket, prefix, first, seen):
            seen.add(key)
            if wanted & set(_captured_ids(s3, bucket, key)):
                return
        if clock.now() - first > CAPTURE_SECONDS:
            raise CheckError(
                f"s3://{bucket}/{prefix}: none of {len(wanted)} requests was captured within {CAPTURE_SECONDS:.0f} s, "
                f"such as {min(wanted)}; {len(seen)} newer files were read"
            )
        clock.sleep(pause)
        pause = min(pause * 1.25, LONGEST_POLL_SECONDS)


def _request(probe: Probe, sample: str) -> dict[str, Any]:
    """An event as API Gateway sends it."""
    return {
        "resource": "/api",
        "path": "/api",
        "httpMethod": "POST",
        "headers": {"Content-Type": "text/csv", "Accept": "text/csv", INFERENCE_ID: probe.inference_id},
        "queryStringParameters": None,
        "pathParameters": None,
        "requestContext": {
            "resourcePath": "/api",
            "httpMethod": "POST",
            "stage": "Prod",
            "requestId": probe.inference_id,
        },
        "body": sample,
        "isBase64Encoded": False,
    }


def _require_predictions(target: str, answer: dict[str, Any], endpoint_name: str, count: int) -> None:
    if answer.get("statusCode") != 200:
        raise CheckError(f"{target} answered {answer.get('statusCode')}: {str(answer.get('body'))[:1000]}")
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    if headers.get(ENDPOINT) != endpoint_name:
        raise CheckError(f"{target} asked endpoint {headers.get(ENDPOINT)} instead of {endpoint_name}")
    predictions = str(answer.get("body")).strip().splitlines()
    if len(predictions) != count:
        raise CheckError(f"{target} answered {len(predictions)} predictions to {count} rows")


def _new_keys(s3: S3Client, bucket: str, prefix: str, since_seconds: float, seen: set[str]) -> Iterator[str]:
    """Captured files written since; a second of grace, as S3 counts whole ones."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if item["Key"] not in seen and item["LastModified"].timestamp() >= math.floor(since_seconds) - 1:
                yield item["Key"]


def _captured_ids(s3: S3Client, bucket: str, key: str) -> Iterator[str]:
    for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines():
        if line.strip():
            yield json.loads(line)["eventMetadata"].get("inferenceId", "")
