"""SageMaker's InvokeEndpoint as boto3's client has it, for a fifth of the processor time: it is on the path of every request.

boto3 says where the service is, gives credentials and reads refusals, so settings, environment and errors are what they are
with its own client. Between are one kept connection and a signature whose key is made once a day.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

This file is in the image of the API function and in its ZIP file, word for word: neither can reach the other's.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import io
import os
import select
import ssl
import time
from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import boto3
import trace_context
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from botocore.parsers import create_parser
from botocore.utils import get_environ_proxies

SERVICE = "sagemaker"  # the name that requests to sagemaker-runtime are signed with
HEADERS = {
    "ContentType": "content-type",
    "Accept": "accept",
    "CustomAttributes": "x-amzn-sagemaker-custom-attributes",
    "InferenceId": "x-amzn-sagemaker-inference-id",
}
CONNECT_SECONDS = 3


class RuntimeClient(Protocol):
    """boto3's client of `sagemaker-runtime`, as far as it is used here."""

    def invoke_endpoint(self, *, EndpointName: str, Body: bytes, **members: Any) -> Any: ...


class LeanRuntimeClient:
    """Made from boto3's client and session. One call at a time, as Lambda gives them to an execution environment."""

    def __init__(self, session: Any, client: Any, read_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._region = client.meta.region_name
        self._url = client.meta.endpoint_url
        self._read_seconds = read_seconds
        self._clock = clock
        self._credentials = session.get_credentials()
        address = urlsplit(self._url)
        self._path, self._host = address.path.rstrip("/"), address.netloc
        self._connection = _connection(self._url)
        self._signing_key: tuple[tuple[str, str], bytes] | None = None

    def invoke_endpoint(self, *, EndpointName: str, Body: bytes, **members: Any) -> dict[str, Any]:
        """Body, ContentType and CustomAttributes of the answer. Raises what boto3's client raises; there is no second try.

        `members`: those of HEADERS.
        """
        path = f"{self._path}/endpoints/{quote(EndpointName, safe='')}/invocations"
        signed = self._signed(path, Body, {HEADERS[name]: value for name, value in members.items()})
        try:
            self._connect()
            status, headers, body = self._exchange(path, Body, {**signed, **trace_context.headers()})
        except BaseException:
            self._connection.close()  # whatever comes on it still is the answer to this request
            raise
        if status >= 300:
            raise self._refusal(status, headers, body)
        found = {"Body": io.BytesIO(body), "ContentType": headers.get("content-type", "")}
        if attributes := headers.get(HEADERS["CustomAttributes"]):
            found["CustomAttributes"] = attributes
        return found

    def close(self) -> None:
        """Its connection; the next call makes another."""
        self._connection.close()

    # ------------------------------------------------------------------ the connection
    def _connect(self) -> None:
        if self._connection.sock is not None and _has_ended(self._connection.sock):
            self._connection.close()
        if self._connection.sock is not None:
            return
        try:
            self._connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connected: Any = self._connection.sock
        connected.settimeout(self._read_seconds)

    def _exchange(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Message, bytes]:
        try:
            self._connection.request("POST", path, body, headers)
            response = self._connection.getresponse()
            return response.status, response.headers, response.read()
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._url) from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionClosedError(endpoint_url=self._url) from error

    def _refusal(self, status: int, headers: Message, body: bytes) -> Exception:
        raw = {"status_code": status, "headers": {name.lower(): value for name, value in headers.items()}, "body": body}
        service, parser = self._client.meta.service_model, create_parser("rest-json")
        found = parser.parse(raw, service.operation_model("InvokeEndpoint").output_shape)
        code = found["Error"]["Code"]
        shape = service.shape_for_error_code(code)
        if shape is not None:
            found |= parser.parse(raw, shape)
        kind = self._client.exceptions.from_code(code)
        return kind(found, "InvokeEndpoint")  # type: ignore[no-any-return]

    # ------------------------------------------------------------------ the signature
    def _signed(self, path: str, body: bytes, own: Mapping[str, str]) -> dict[str, str]:
        """Signature Version 4 over the headers, of which `host` is left to the connection."""
        if self._credentials is None:
            raise NoCredentialsError
        keys = self._credentials.get_frozen_credentials()
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        headers = {**own, "x-amz-date": at}
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        lines = sorted((name, " ".join(value.split())) for name, value in {**headers, "host": self._host}.items())
        names = ";".join(name for name, _ in lines)
        canonical = "".join(f"{name}:{value}\n" for name, value in lines)
        request = f"POST\n{quote(path)}\n\n{canonical}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{at[:8]}/{self._region}/{SERVICE}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(keys.secret_key, at[:8]), text.encode(), "sha256").hex()
        credential = f"Credential={keys.access_key}/{scope}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
        return headers

    def _key(self, secret: str, date: str) -> bytes:
        if self._signing_key is None or self._signing_key[0] != (secret, date):
            key = f"AWS4{secret}".encode()
            for part in (date, self._region, SERVICE, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing_key = ((secret, date), key)
        return self._signing_key[1]


def runtime_client(read_seconds: float) -> RuntimeClient:
    """No second try: it would double an overload, and outlast API Gateway's patience. Behind a proxy it is boto3's own client."""
    retries: Any = {"total_max_attempts": 1, "mode": "standard"}
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds, retries=retries)
    session = boto3.Session()
    client: Any = session.client("sagemaker-runtime", config=config)
    if get_environ_proxies(client.meta.endpoint_url):
        return client  # type: ignore[no-any-return]
    return LeanRuntimeClient(session, client, read_seconds)


def _connection(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    if address.scheme == "http":
        return http.client.HTTPConnection(address.netloc, timeout=CONNECT_SECONDS)
    trusted = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True)
    context = ssl.create_default_context(cafile=trusted)
    return http.client.HTTPSConnection(address.netloc, timeout=CONNECT_SECONDS, context=context)


def _has_ended(connection: Any) -> bool:
    """Nothing is asked, so all that can be read there is its end."""
    polled = select.poll()
    polled.register(connection, select.POLLIN)
    return bool(polled.poll(0))
