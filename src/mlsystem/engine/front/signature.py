"""Signature Version 4, from the server's side.

It is written out here rather than borrowed from botocore's signer, which decides for itself which headers to sign; a test holds
both together.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from botocore.utils import normalize_url_path

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.front.signature_v2 import (
    ACCESS_KEY,
    EXPIRES,
    HOISTED,
    SIGNATURE,
    expected_signature,
    is_presigned_v2,
)

ALGORITHM = "AWS4-HMAC-SHA256"
ALLOWED_SKEW_SECONDS = 15 * 60
STAMP = "%Y%m%dT%H%M%SZ"
LONGEST_EXPIRES_SECONDS = 7 * 24 * 3600
# What a presigned URL says of itself, not of the request.
AUTHENTICATION_PARAMETERS = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token")
)


@dataclass(frozen=True)
class Signature:
    """What a signed request says of itself. A presigned URL of version 2 has no region and no stamp, but an instant of expiry."""

    access_key_id: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: str
    token: str | None
    expires_seconds: int | None
    expires_at: int | None = None

    @property
    def is_presigned(self) -> bool:
        return self.expires_seconds is not None or self.is_version_2

    @property
    def is_version_2(self) -> bool:
        return self.expires_at is not None


def claimed_service(request: HttpRequest) -> str | None:
    """The signing name in the credential scope of a request that need not be valid."""
    try:
        return read_signature(request).service
    except AwsError:
        return _presigned_service(dict(parse_qsl(request.query, keep_blank_values=True)))


def _presigned_service(query: Mapping[str, str]) -> str | None:
    """That of a URL which names it, and is not right otherwise: whoever opens it reads the error as that service writes it."""
    if is_presigned_v2(query):
        return "s3"
    scope = query.get("X-Amz-Credential", "").split("/")
    return scope[3] if len(scope) == 5 else None


def read_signature(request: HttpRequest) -> Signature:
    """From the Authorization header or, for a presigned URL, from the query. Raises AwsError when there is none or it is broken."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    authorization = headers.get("authorization", "")
    if authorization.startswith(ALGORITHM):
        return _from_header(authorization, headers)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if query.get("X-Amz-Algorithm") == ALGORITHM:
        return _from_query(query)
    if is_presigned_v2(query):
        return _from_query_v2(query)
    raise AwsError(
        "MissingAuthenticationToken",
        "The request is not signed. `mlsystem env` prints the settings with which any AWS client signs for this engine.",
        status=403,
    )


def _from_header(authorization: str, headers: Mapping[str, str]) -> Signature:
    fields = dict(part.strip().split("=", 1) for part in authorization[len(ALGORITHM) :].split(",") if "=" in part)
    try:
        key, _date, region, service, _terminator = fields["Credential"].rsplit("/", 4)
        signed, signature = fields["SignedHeaders"], fields["Signature"]
    except (KeyError, ValueError) as error:
        raise AwsError("IncompleteSignature", "The Authorization header is incomplete.", status=400) from error
    stamp = headers.get("x-amz-date", "")
    return Signature(
        key, region, service, tuple(signed.split(";")), signature, stamp, headers.get("x-amz-security-token"), None
    )


def _from_query(query: Mapping[str, str]) -> Signature:
    try:
        key, _date, region, service, _terminator = query["X-Amz-Credential"].rsplit("/", 4)
        expires = int(query["X-Amz-Expires"])
        signed, signature, stamp = query["X-Amz-SignedHeaders"], query["X-Amz-Signature"], query["X-Amz-Date"]
    except (KeyError, ValueError) as error:
        raise AwsError(
            "AuthorizationQueryParametersError", "The query of the presigned URL is incomplete.", 400
        ) from error
    if not 0 < expires <= LONGEST_EXPIRES_SECONDS:
        raise AwsError("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds.", 400)
    token = query.get("X-Amz-Security-Token")
    return Signature(key, region, service, tuple(signed.split(";")), signature, stamp, token, expires)


def _from_query_v2(query: Mapping[str, str]) -> Signature:
    if not query[EXPIRES].isdecimal():
        raise AwsError("AccessDenied", f"Invalid date (should be seconds since epoch): {query[EXPIRES]}", 403)
    token = query.get("x-amz-security-token")
    return Signature(query[ACCESS_KEY], "", "s3", (), query[SIGNATURE], "", token, None, int(query[EXPIRES]))


def with_query_headers(request: HttpRequest) -> HttpRequest:
    """The request with what the signer of a presigned URL moved from its headers to the query: that counts as headers."""
    if any(name.lower() == "authorization" for name in request.headers):
        return request
    moved = {
        name.title(): value
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if name.lower() in HOISTED
        or (name.lower().startswith("x-amz-") and name.lower() not in AUTHENTICATION_PARAMETERS)
    }
    return replace(request, headers={**moved, **request.headers})


def verify(request: HttpRequest, signature: Signature, secret_key: str, now: float) -> None:
    """Raises AwsError when the signature is not this secret's over this request, or is too old."""
    _check_age(signature, now)
    is_version_2 = signature.is_version_2
    expected = expected_signature(request, secret_key) if is_version_2 else _expected(request, signature, secret_key)
    if not hmac.compare_digest(expected, signature.signature):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The signature of the request does not match: check the secret access key and the signing of the request.",
            status=403,
        )
    _check_payload(request, signature)


def _check_age(signature: Signature, now: float) -> None:
    if signature.expires_at is not None:
        if now > signature.expires_at:
            raise AwsError("AccessDenied", "Request has expired", status=403)
        return
    try:
        signed_at = datetime.strptime(signature.stamp, STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise AwsError("IncompleteSignature", "The request has no valid X-Amz-Date.", status=400) from error
    if signature.expires_seconds is not None:
        if now > signed_at + signature.expires_seconds:
            raise AwsError("AccessDenied", "Request has expired", status=403)
    elif abs(now - signed_at) > ALLOWED_SKEW_SECONDS:
        raise AwsError(
            "RequestTimeTooSkewed", "The request's time and this machine's differ by more than 15 minutes.", status=403
        )


def _expected(request: HttpRequest, signature: Signature, secret_key: str) -> str:
    date = signature.stamp[:8]
    canonical = _canonical_request(request, signature)
    scope = f"{date}/{signature.region}/{signature.service}/aws4_request"
    to_sign = "\n".join([ALGORITHM, signature.stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for part in (date, signature.region, signature.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def _canonical_request(request: HttpRequest, signature: Signature) -> str:
    headers = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    # S3 signs the path as it is sent; every other service encodes it once more.
    is_s3 = signature.service == "s3"
    path = request.raw_path if is_s3 else quote(normalize_url_path(request.raw_path), safe="/~")
    pairs = [pair.partition("=") for pair in request.query.split("&") if pair]
    query = sorted((name, value) for name, _, value in pairs if name != "X-Amz-Signature")
    return "\n".join(
        [
            request.method.upper(),
            path,
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{headers.get(name, '')}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            _payload_hash(request, headers, signature),
        ]
    )


def _payload_hash(request: HttpRequest, headers: Mapping[str, str], signature: Signature) -> str:
    declared = headers.get("x-amz-content-sha256")
    if declared:
        return declared
    if signature.is_presigned and signature.service == "s3":
        return "UNSIGNED-PAYLOAD"
    return hashlib.sha256(request.body).hexdigest()


def _check_payload(request: HttpRequest, signature: Signature) -> None:
    """The declared hash must be the body's, where the body is here; a streamed body is checked where it is stored."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    declared = headers.get("x-amz-content-sha256", "")
    is_here = bool(request.body) or signature.service != "s3"
    if is_here and len(declared) == 64 and declared != hashlib.sha256(request.body).hexdigest():
        raise AwsError(
            "XAmzContentSHA256Mismatch", "The body does not match the x-amz-content-sha256 header.", status=400
        )
