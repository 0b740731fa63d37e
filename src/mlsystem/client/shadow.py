"""A shadow variant beside the production variant whose requests it gets copies of: as fast, as sound, and of the same opinion?

Counts and times come from CloudWatch, under AWS's names; answers from captured data, where pairs are found by the inference id that the
API function gives each request.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound

STATISTICS = {
    "requests": ("Invocations", "Sum"),
    "errors": ("Invocation5XXErrors", "Sum"),
    "p50": ("ModelLatency", "p50"),
    "p99": ("ModelLatency", "p99"),
}
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class VariantFigures:
    """Latencies in seconds; None without requests."""

    name: str
    requests: int
    errors: int
    p50_seconds: float | None
    p99_seconds: float | None


@dataclass(frozen=True)
class Agreement:
    """Of `pairs` of answers to the same request; differences are those of their numbers, row by row."""

    pairs: int
    equal: int
    mean_difference: float
    largest_difference: float


@dataclass(frozen=True)
class Comparison:
    """`agreement` None: nothing is captured, so nothing is known of what was answered."""

    endpoint: str
    production: VariantFigures
    shadow: VariantFigures
    agreement: Agreement | None


def compare(connection: Connection, endpoint: str, hours: float, now: datetime) -> Comparison:
    """Of the last `hours`. Raises NotFound for an endpoint that is not there or has no shadow variant."""
    try:
        found = connection.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        raise NotFound(f"the endpoint {endpoint}: {error.response['Error']['Message']}") from error
    if not found.get("ShadowProductionVariants"):
        raise NotFound(f"the endpoint {endpoint} has no shadow variant")
    names = [found[kind][0]["VariantName"] for kind in ("ProductionVariants", "ShadowProductionVariants")]
    since = now - timedelta(hours=hours)
    figures = [_figures(connection, endpoint, name, since, now) for name in names]
    capture = found.get("DataCaptureConfig", {})
    agreement = None
    if capture.get("EnableCapture"):
        uri = capture["DestinationS3Uri"].rstrip("/")
        answers = [dict(_answers(connection, f"{uri}/{endpoint}/{name}/", since)) for name in names]
        agreement = agree(*answers)
    return Comparison(endpoint, figures[0], figures[1], agreement)


def agree(production: Mapping[str, str], shadow: Mapping[str, str]) -> Agreement:
    """Of answers by inference id. Answers of which one has no numbers, or another number of rows, differ without measure."""
    pairs = [(production[name], shadow[name]) for name in production if name in shadow]
    differences = [
        abs(one - other) for mine, copied in pairs for one, other in zip(_numbers(mine), _numbers(copied), strict=False)
    ]
    return Agreement(
        pairs=len(pairs),
        equal=sum(1 for one, other in pairs if one == other),
        mean_difference=sum(differences) / len(differences) if differences else 0.0,
        largest_difference=max(differences, default=0.0),
    )


def _figures(connection: Connection, endpoint: str, variant: str, since: datetime, now: datetime) -> VariantFigures:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    # One period over all of the time, so that a percentile is one of all requests.
    period = max(60, -(-int((now - since).total_seconds()) // 60) * 60)
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions},
                "Period": period,
                "Stat": statistic,
            },
        }
        for name, (metric, statistic) in STATISTICS.items()
    ]
    answer = connection.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=since, EndTime=now + timedelta(seconds=60)
    )
    values: dict[str, list[float]] = {item["Id"]: item["Values"] for item in answer["MetricDataResults"]}
    return VariantFigures(
        name=variant,
        requests=int(sum(values["requests"])),
        errors=int(sum(values["errors"])),
        p50_seconds=max(values["p50"]) / MICROSECONDS if values["p50"] else None,
        p99_seconds=max(values["p99"]) / MICROSECONDS if values["p99"] else None,
    )


def _answers(connection: Connection, uri: str, since: datetime) -> Iterator[tuple[str, str]]:
    """Captured answers by inference id."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    s3 = connection.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            if item["LastModified"].astimezone(UTC) >= since:
                body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
                yield from _in_lines(body.splitlines(), f"s3://{bucket}/{item['Key']}")


def _in_lines(lines: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    for line in lines:
        try:
            record: dict[str, Any] = json.loads(line)
            output, inference_id = (
                record["captureData"].get("endpointOutput"),
                record["eventMetadata"].get("inferenceId"),
            )
        except (ValueError, KeyError) as error:
            raise ClientFailure(f"{where} is no file of captured data: {error!r}") from error
        if output is not None and inference_id is not None:
            data = output["data"]
            yield (
                inference_id,
                base64.b64decode(data).decode(errors="replace") if output["encoding"] == "BASE64" else data,
            )


def _numbers(answer: str) -> list[float]:
    """The last cell of each row."""
    cells = [line.rsplit(",", 1)[-1] for line in answer.split()]
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return []
