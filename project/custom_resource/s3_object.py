"""Evidence in S3: a JSON object at an address, or an error that says which evidence is missing.

A gate or an alarm that takes "cannot read it" for "nothing is wrong" is worse than none. So nothing here has a default.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class EvidenceError(Exception):
    """Something that a decision needs is missing or is not what it should be."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise EvidenceError(f"{uri!r} is not of the form s3://bucket/key")
    return bucket, key


def read_json(s3: S3Client, uri: str) -> dict[str, Any]:
    """The JSON object at `uri`. Raises EvidenceError where it is missing, forbidden or not a JSON object."""
    bucket, key = split_uri(uri)
    try:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8")
    except ClientError as error:
        raise EvidenceError(f"{uri}: cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise EvidenceError(f"{uri}: is not UTF-8 text: {error}") from error
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise EvidenceError(f"{uri}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise EvidenceError(f"{uri}: does not hold a JSON object")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
