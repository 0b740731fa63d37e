"""Signature Version 2 of presigned S3 URLs, from the server's side.

S3 takes it in its oldest regions only, but it is what boto3 makes of `generate_presigned_url` there unless it is told otherwise.
Requests that carry it in a header are refused.
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from mlsystem.engine.front.protocol import HttpRequest

ACCESS_KEY, SIGNATURE, EXPIRES = "AWSAccessKeyId", "Signature", "Expires"
# The parameters of the query that name a part of the resource, and so are signed.
SIGNED_PARAMETERS = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "delete",
        "encryption",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "retention",
        "select",
        "select-type",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)
HOISTED = ("content-type", "content-md5")


def is_presigned_v2(query: Mapping[str, str]) -> bool:
    return all(name in query for name in (ACCESS_KEY, SIGNATURE, EXPIRES))


def expected_signature(request: HttpRequest, secret_key: str) -> str:
    """Base64 of the HMAC-SHA1 over the request."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    # What the signer had in headers it may have moved to the query.
    headers |= {name.lower(): value for name, value in query.items() if name.lower().startswith(("x-amz-", *HOISTED))}
    amazons = sorted((name, value) for name, value in headers.items() if name.startswith("x-amz-"))
    to_sign = "\n".join(
        [
            request.method.upper(),
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            query[EXPIRES],
            *(f"{name}:{value}" for name, value in amazons),
            _resource(request),
        ]
    )
    return base64.b64encode(hmac.digest(secret_key.encode(), to_sign.encode(), "sha1")).decode()


def _resource(request: HttpRequest) -> str:
    signed = []
    for parameter in request.query.split("&"):
        name, equals, value = parameter.partition("=")
        if name in SIGNED_PARAMETERS:
            signed.append((name, f"{name}{equals}{unquote(value)}"))
    texts = [text for _, text in sorted(signed)]
    return f"{request.raw_path}?{'&'.join(texts)}" if texts else request.raw_path
