"""Add Transform Header: puts a line of column names before each output of a completed batch transform job.

A transform job writes CSV without one, while those who profile or monitor it want one. What has its header bears a mark
in its metadata, so that a second call changes nothing; and an output is written only while it is what was looked at.
All are looked at before the first is written. Give each job an S3OutputPath of its own: every `.out` below it is meant.

To run when a job ends, let a rule on "SageMaker Transform Job State Change" call it, with an input transformer that
gives TransformJobName and Header.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from s3_object import EvidenceError, split_uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef
    from types_boto3_sagemaker import SageMakerClient

MARK = "transform-header"
# S3 copies the rest of a larger object itself; its parts have at least 5 MiB and at most 5 GiB.
FIRST_BYTES = 8 * 1024 * 1024
PART_BYTES = 1024 * 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Output:
    """An object without its header; `start` is its content, or the first part of it."""

    bucket: str
    key: str
    head: HeadObjectOutputTypeDef
    start: bytes

    @property
    def is_whole(self) -> bool:
        return len(self.start) == self.head["ContentLength"]


def add_transform_header(sagemaker: SageMakerClient, s3: S3Client, event: dict[str, Any]) -> dict[str, list[str]]:
    """`event`: TransformJobName, Header (a line of CSV, or a list of names). Returns the URIs of what was changed and what was not.

    Raises EvidenceError, and then has changed nothing but for a failure in the midst of writing.
    """
    header = _header(event["Header"])
    mark = hashlib.sha256(header).hexdigest()
    bucket, prefix = _place(sagemaker, event["TransformJobName"])
    found = {key: _look_at(s3, bucket, key, header, mark) for key in _outputs(s3, bucket, prefix)}
    if not found:
        raise EvidenceError(f"s3://{bucket}/{prefix}: has no output of the job {event['TransformJobName']}")
    for output in found.values():
        if output is not None:
            _write(s3, output, header, mark)
    uris: dict[bool, list[str]] = {True: [], False: []}
    for key, output in found.items():
        uris[output is not None].append(f"s3://{bucket}/{key}")
    log.info("wrote %s, left %s", uris[True], uris[False])
    return {"Changed": uris[True], "Unchanged": uris[False]}


def _header(given: object) -> bytes:
    """One line with its end."""
    if isinstance(given, str):
        line = given.strip()
    elif isinstance(given, list):
        line = _line([str(name) for name in given])
    else:
        raise EvidenceError(f"Header is {type(given).__name__}: give a line of CSV or a list of names")
    if not line or "\n" in line:
        raise EvidenceError("Header is empty" if not line else "Header has more than one line")
    return f"{line}\n".encode()


def _line(names: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(names)
    return stream.getvalue() if names else ""


def _place(sagemaker: SageMakerClient, name: str) -> tuple[str, str]:
    """Bucket and prefix of the outputs."""
    job = sagemaker.describe_transform_job(TransformJobName=name)
    if job["TransformJobStatus"] != "Completed":
        raise EvidenceError(f"the transform job {name} is {job['TransformJobStatus']}, not Completed")
    kind = job.get("TransformOutput", {}).get("Accept") or job["TransformInput"].get("ContentType", "")
    if kind.partition(";")[0].strip().lower() != "text/csv":
        raise EvidenceError(f"the transform job {name} writes {kind or 'what it does not name'}, not text/csv")
    uri = job.get("TransformOutput", {})["S3OutputPath"]
    return split_uri(f"{uri.rstrip('/')}/")


def _outputs(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (item["Key"] for item in page.get("Contents", ()) if item["Key"].endswith(".out"))
    except ClientError as error:
        raise EvidenceError(f"s3://{bucket}/{prefix}: cannot be listed: {error}") from error


def _look_at(s3: S3Client, bucket: str, key: str, header: bytes, mark: str) -> Output | None:
    """None where the output has this header. Raises EvidenceError where it has another, or as many columns as the header has not."""
    uri = f"s3://{bucket}/{key}"
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
        marked = head["Metadata"].get(MARK)
        if marked == mark:
            return None
        if marked is not None:
            raise EvidenceError(f"{uri}: has another header already")
        start = b""
        if head["ContentLength"]:
            span = f"bytes=0-{FIRST_BYTES - 1}"
            start = s3.get_object(Bucket=bucket, Key=key, Range=span, IfMatch=head["ETag"])["Body"].read()
    except ClientError as error:
        raise EvidenceError(f"{uri}: cannot be read: {error}") from error
    _compare(uri, start, header)
    return Output(bucket, key, head, start)


def _compare(uri: str, start: bytes, header: bytes) -> None:
    """An empty output has no row to differ."""
    first = start.partition(b"\n")[0]
    if not first.strip():
        return
    has, named = _columns(uri, first), _columns("Header", header)
    if has != named:
        raise EvidenceError(f"{uri}: its first row has {has} columns, the header {named}")


def _columns(name: str, line: bytes) -> int:
    try:
        return len(next(csv.reader([line.decode()])))
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvidenceError(f"{name}: is not CSV: {error}") from error


def _write(s3: S3Client, output: Output, header: bytes, mark: str) -> None:
    """Raises EvidenceError where the output is not any more what was looked at."""
    kept: Any = {
        name: output.head[name]
        for name in ("ContentType", "ServerSideEncryption", "SSEKMSKeyId")
        if name in output.head
    }
    place: Any = {"Bucket": output.bucket, "Key": output.key}
    settings: Any = {**kept, "Metadata": {**output.head["Metadata"], MARK: mark}}
    try:
        if output.is_whole:
            s3.put_object(**place, **settings, Body=header + output.start, IfMatch=output.head["ETag"])
        else:
            _copy(s3, place, settings, output, header)
    except ClientError as error:
        raise EvidenceError(f"s3://{output.bucket}/{output.key}: cannot be written: {error}") from error


def _copy(s3: S3Client, place: Any, settings: Any, output: Output, header: bytes) -> None:
    """The header and what was read are the first part; S3 itself copies the others."""
    upload: Any = {**place, "UploadId": s3.create_multipart_upload(**place, **settings)["UploadId"]}
    etag, length = output.head["ETag"], output.head["ContentLength"]
    try:
        first = s3.upload_part(**upload, PartNumber=1, Body=header + output.start)
        parts: list[Any] = [{"PartNumber": 1, "ETag": first["ETag"]}]
        for number, start in enumerate(range(len(output.start), length, PART_BYTES), start=2):
            span = f"bytes={start}-{min(start + PART_BYTES, length) - 1}"
            copied = s3.upload_part_copy(
                **upload, PartNumber=number, CopySource=place, CopySourceRange=span, CopySourceIfMatch=etag
            )
            parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, IfMatch=etag)
    except ClientError:
        s3.abort_multipart_upload(**upload)
        raise


def handler(event: dict[str, Any], _context: object) -> dict[str, list[str]]:
    """Lambda's entry point."""
    return add_transform_header(boto3.client("sagemaker"), boto3.client("s3"), event)
