"""Signatures, held against botocore's own signers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.front.signature import claimed_service, read_signature, verify, with_query_headers

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "http://127.0.0.1:4580"
URLS = [
    "/",
    "/bucket/key",
    "/bucket/a%20b//c%2Fd/?versionId=x%2By&list-type=2&empty=",
    "/bucket/%C3%BC?delimiter=%2F&prefix=",
]
# A presigned URL of more than a week.
LASTING = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260101/us-east-1/s3/aws4_request&X-Amz-Expires=604801"


def _credentials(token: str | None = None) -> Credentials:
    return Credentials("AKIAEXAMPLE", SECRET, token)


def _arrived(signed: AWSRequest) -> HttpRequest:
    """The request as the front sees it."""
    prepared = signed.prepare()
    parts = urlsplit(str(prepared.url))
    headers = {str(name).title(): _text(value) for name, value in prepared.headers.items()}
    headers.setdefault("Host", parts.netloc)
    body = prepared.body or b""
    assert isinstance(body, bytes)
    return HttpRequest(str(prepared.method), parts.path or "/", parts.query, headers, body)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _signed(
    signer: Any, method: str = "GET", path: str = "/", data: bytes = b"", headers: Mapping[str, str] | None = None
) -> HttpRequest:
    request = AWSRequest(method, HOST + path, headers=dict(headers or {}), data=data)
    request.context["signing"] = {}
    signer.add_auth(request)
    return _arrived(request)


def _now() -> float:
    return datetime.now(UTC).timestamp()


@pytest.mark.parametrize("path", URLS)
def test_a_request_that_botocore_signed_for_s3_is_verified(path: str) -> None:
    request = _signed(S3SigV4Auth(_credentials(), "s3", "us-east-1"), path=path)
    signature = read_signature(request)
    assert (signature.access_key_id, signature.region, signature.service) == ("AKIAEXAMPLE", "us-east-1", "s3")
    verify(request, signature, SECRET, _now())


def test_a_request_with_a_body_is_verified_and_an_altered_body_is_refused() -> None:
    signer = SigV4Auth(_credentials("token"), "sagemaker", "us-east-1")
    headers = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    request = _signed(signer, "POST", "/", b'{"MaxResults": 3}', headers)
    signature = read_signature(request)
    assert signature.token == "token"
    verify(request, signature, SECRET, _now())
    with pytest.raises(AwsError) as error:
        verify(replace(request, body=b'{"MaxResults": 4}'), signature, SECRET, _now())
    assert error.value.code == "SignatureDoesNotMatch"


def test_a_declared_hash_that_is_not_the_bodys_is_refused() -> None:
    request = _signed(S3SigV4Auth(_credentials(), "s3", "us-east-1"), "POST", "/bucket?delete=", b"<Delete/>")
    with pytest.raises(AwsError) as error:
        verify(replace(request, body=b"<Delete>all</Delete>"), read_signature(request), SECRET, _now())
    assert error.value.code == "XAmzContentSHA256Mismatch"


@pytest.mark.parametrize("path", URLS)
@pytest.mark.parametrize("token", [None, "a/token+with=signs"])
def test_a_presigned_url_of_version_4_is_verified(path: str, token: str | None) -> None:
    request = _signed(S3SigV4QueryAuth(_credentials(token), "s3", "us-east-1", expires=60), path=path)
    assert "Authorization" not in request.headers
    signature = read_signature(request)
    assert signature.is_presigned
    assert signature.token == token
    verify(request, signature, SECRET, _now())


def test_presigned_urls_of_other_services_are_verified() -> None:
    request = _signed(
        SigV4QueryAuth(_credentials(), "sts", "us-east-1"), path="/?Action=GetCallerIdentity&Version=2011-06-15"
    )
    verify(request, read_signature(request), SECRET, _now())
    assert claimed_service(request) == "sts"


@pytest.mark.parametrize("path", URLS)
@pytest.mark.parametrize("token", [None, "a/token+with=signs"])
def test_a_presigned_url_of_version_2_is_verified(path: str, token: str | None) -> None:
    request = _signed(HmacV1QueryAuth(_credentials(token), expires=60), path=path)
    signature = read_signature(request)
    assert signature.is_version_2
    assert signature.token == token
    assert claimed_service(request) == "s3"
    verify(request, signature, SECRET, _now())


def test_headers_that_a_signer_moved_to_the_query_count_as_headers() -> None:
    headers = {"Content-Type": "text/plain", "x-amz-meta-color": "blue"}
    request = _signed(HmacV1QueryAuth(_credentials(), expires=60), "PUT", "/bucket/key", headers=headers)
    verify(request, read_signature(request), SECRET, _now())
    moved = with_query_headers(replace(request, headers={"Host": "127.0.0.1"}))
    assert moved.headers["Content-Type"] == "text/plain"
    assert moved.headers["X-Amz-Meta-Color"] == "blue"


def test_the_query_of_a_request_with_a_signed_header_gives_no_headers() -> None:
    request = _signed(S3SigV4Auth(_credentials(), "s3", "us-east-1"), path="/bucket/key?x-amz-acl=public-read")
    assert with_query_headers(request) is request


@pytest.mark.parametrize(
    "signer", [S3SigV4QueryAuth(_credentials(), "s3", "us-east-1", 60), HmacV1QueryAuth(_credentials(), 60)]
)
def test_a_presigned_url_expires(signer: Any) -> None:
    request = _signed(signer, path="/bucket/key")
    with pytest.raises(AwsError, match="expired") as error:
        verify(request, read_signature(request), SECRET, _now() + 120)
    assert (error.value.code, error.value.status) == ("AccessDenied", 403)


@pytest.mark.parametrize(
    "signer", [S3SigV4QueryAuth(_credentials(), "s3", "us-east-1", 60), HmacV1QueryAuth(_credentials(), 60)]
)
@pytest.mark.parametrize("change", ["method", "path", "query"])
def test_a_presigned_url_is_good_for_its_request_alone(signer: Any, change: str) -> None:
    request = _signed(signer, path="/bucket/key?versionId=1")
    match change:
        case "method":
            altered = replace(request, method="DELETE")
        case "path":
            altered = replace(request, raw_path="/bucket/other")
        case _:
            altered = replace(request, query=request.query.replace("versionId=1", "versionId=2"))
    with pytest.raises(AwsError) as error:
        verify(altered, read_signature(altered), SECRET, _now())
    assert error.value.code == "SignatureDoesNotMatch"


def test_a_presigned_url_lasts_a_week_at_most() -> None:
    request = _signed(S3SigV4QueryAuth(_credentials(), "s3", "us-east-1", expires=604_801), path="/bucket/key")
    with pytest.raises(AwsError, match="604800"):
        read_signature(request)


def test_a_request_signed_too_long_ago_is_refused() -> None:
    request = _signed(SigV4Auth(_credentials(), "sts", "us-east-1"))
    with pytest.raises(AwsError) as error:
        verify(request, read_signature(request), SECRET, _now() + 3600)
    assert error.value.code == "RequestTimeTooSkewed"


@pytest.mark.parametrize(
    ("request_", "code", "service"),
    [
        (HttpRequest("GET", "/", "", {}), "MissingAuthenticationToken", None),
        (HttpRequest("GET", "/", "", {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}), "IncompleteSignature", None),
        (HttpRequest("GET", "/", "X-Amz-Algorithm=AWS4-HMAC-SHA256", {}), "AuthorizationQueryParametersError", None),
        (HttpRequest("GET", "/", LASTING, {}), "AuthorizationQueryParametersError", "s3"),
        (HttpRequest("GET", "/", "AWSAccessKeyId=a&Signature=b&Expires=soon", {}), "AccessDenied", "s3"),
    ],
)
def test_what_is_no_signature_is_refused(request_: HttpRequest, code: str, service: str | None) -> None:
    with pytest.raises(AwsError) as error:
        read_signature(request_)
    assert error.value.code == code
    assert claimed_service(request_) == service
