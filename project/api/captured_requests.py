"""Whether an endpoint captures what it answers: the requests of the checks are looked for, by inference id.

Any other captured request would prove nothing, nor would a file from before the deployment.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from check import CheckError, Clock

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

OVERLOOKED = 1e-6  # the chance that sampled capture passes over all requests of a check
FIRST_POLL_SECONDS = 0.25  # then longer and longer: captured data may be there at once, or in minutes
LONGEST_POLL_SECONDS = 10.0
CAPTURE_SECONDS = 600.0  # SageMaker writes captured data within minutes
NAMED = 5  # of the requests that are missing
MARK = b'"check-'  # a line without it is of a client


@dataclass(frozen=True)
class Wanted:
    """Requests that were sent since an instant, and how many of them must be found."""

    ids: Sequence[str]
    least: int
    since_seconds: float


def probes_needed(capture_percent: float) -> int:
    """How many requests it takes so that at least one is captured, but for a chance of OVERLOOKED."""
    missed = 1 - capture_percent / 100
    return 1 if missed <= 0 else math.ceil(math.log(OVERLOOKED) / math.log(missed))


def require_captured(s3: S3Client, capture_uri: str, endpoint_name: str, wanted: Wanted, clock: Clock) -> None:
    """Wait until enough of them are found. Raises CheckError."""
    began, pause = clock.now(), FIRST_POLL_SECONDS
    bucket, _, prefix = f"{capture_uri.removeprefix('s3://')}{endpoint_name}/".partition("/")
    missing, read = set(wanted.ids), set[str]()
    while True:
        for key in _new_keys(s3, bucket, prefix, wanted.since_seconds, read):
            read.add(key)
            missing.difference_update(_captured_ids(s3, bucket, key))
            if len(wanted.ids) - len(missing) >= wanted.least:
                return
        if clock.now() - began > CAPTURE_SECONDS:
            raise CheckError(
                f"s3://{bucket}/{prefix}: {len(wanted.ids) - len(missing)} of {len(wanted.ids)} requests were captured"
                f" within {CAPTURE_SECONDS:.0f} s, at least {wanted.least} must be; missing are"
                f" {', '.join(sorted(missing)[:NAMED])}; {len(read)} files since the begin were read"
            )
        clock.sleep(pause)
        pause = min(pause * 1.25, LONGEST_POLL_SECONDS)


def _new_keys(s3: S3Client, bucket: str, prefix: str, since_seconds: float, read: Collection[str]) -> Iterator[str]:
    """Captured files written since; a second of grace, as S3 counts whole ones."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if item["Key"] not in read and item["LastModified"].timestamp() >= math.floor(since_seconds) - 1:
                yield item["Key"]


def _captured_ids(s3: S3Client, bucket: str, key: str) -> Iterator[str]:
    for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines():
        if MARK in line:
            try:
                yield json.loads(line)["eventMetadata"].get("inferenceId", "")
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise CheckError(
                    f"s3://{bucket}/{key}: a captured request cannot be read ({type(error).__name__}: {error})"
                ) from error
