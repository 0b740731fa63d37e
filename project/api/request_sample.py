"""What the checks of a deployment ask: requests out of the sample that Prepare Data kept of the test set."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING

from check import CheckError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SAMPLE_BYTES = 1024 * 1024  # of the sample's file: enough for a header and many rows
REQUEST_ROWS = (1, 2, 3)  # of one request after the other


@dataclass(frozen=True)
class Body:
    """A CSV request, and how many rows it has."""

    text: str
    rows: int


def read_sample(s3: S3Client, sample_uri: str) -> list[list[str]]:
    """The rows that there are to ask with. `sample_uri` is a folder of CSV files with headers. Raises CheckError."""
    bucket, _, prefix = sample_uri.removeprefix("s3://").partition("/")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = sorted(item["Key"] for item in found if item["Key"].endswith(".csv"))
    if not keys:
        raise CheckError(f"{sample_uri}: has no CSV file to take a request from")
    head = s3.get_object(Bucket=bucket, Key=keys[0], Range=f"bytes=0-{SAMPLE_BYTES - 1}")["Body"].read()
    try:
        lines = [line for line in csv.reader(io.StringIO(head.decode(errors="ignore"), newline="")) if line]
    except csv.Error as error:
        raise CheckError(f"s3://{bucket}/{keys[0]}: is not CSV: {error}") from error
    is_cut = len(head) == SAMPLE_BYTES
    rows = lines[1:-1] if is_cut else lines[1:]
    if not rows:
        raise CheckError(f"s3://{bucket}/{keys[0]}: has no row to take a request from")
    return rows


def bodies(sample: Sequence[Sequence[str]], count: int) -> list[Body]:
    """Of so many requests, from places that lie evenly over the sample; one that is short is taken again and again."""
    sizes = list(islice(cycle(REQUEST_ROWS), count))
    begins = [number * len(sample) // count for number in range(count)]
    return [
        _body([sample[(begin + row) % len(sample)] for row in range(size)])
        for begin, size in zip(begins, sizes, strict=True)
    ]


def _body(rows: Sequence[Sequence[str]]) -> Body:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return Body(text.getvalue(), len(rows))
