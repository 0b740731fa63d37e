"""Requests on the wire: from an operation and its input to what an HTTP client sends, and how that may be spoilt."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from botocore.model import OperationModel
from botocore.serialize import create_serializer

from tests.fuzz.mutations import RAW, changed, edge_text, havoc, havoc_bytes, json_text
from tests.fuzz.things import signed

SIGNING_NAMES = {"cloudwatch": "monitoring", "stepfunctions": "states", "efs": "elasticfilesystem"}
CONTENT_TYPES = (
    "application/json",
    "application/x-amz-json-1.0",
    "application/x-amz-json-1.1",
    "application/x-www-form-urlencoded",
    "text/xml",
    "application/cbor",
    "multipart/form-data; boundary=x",
    "",
    "x/y;;charset=\xff",
)
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "FOO")
HEADERS = (
    "Content-Encoding", "X-Amz-Target", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Decoded-Content-Length", "Range", "If-Match",
    "If-None-Match", "If-Modified-Since", "Content-Md5", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Sha256",
    "X-Amz-Copy-Source", "X-Amz-Copy-Source-Range", "X-Amz-Meta-A", "X-Amz-Tagging", "X-Amz-Trailer", "X-Amz-Acl",
    "X-Amz-Storage-Class", "X-Amz-Server-Side-Encryption", "X-Amz-Security-Token", "Content-Length", "Host",
    "Transfer-Encoding", "X-Amzn-Query-Mode", "X-Amz-Sdk-Checksum-Algorithm", "X-Amz-Object-Attributes", "X-Amz-Max-Parts",
    "X-Amz-Expected-Bucket-Owner", "Expect", "Smithy-Protocol", "X-Http-Method-Override", "X-Amz-Mfa",
)  # fmt: skip
HEADER_VALUES = (
    "gzip", "aws-chunked", "aws-chunked,gzip", "identity", "bytes=0-0", "bytes=-5", "bytes=5-1", "bytes=0-999999999999999999999",
    "bytes=a-b", "bytes=0-1,3-4", "*", '""', "W/\"a\"", "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 99 Foo 2026", "/fuzz-bucket/key",
    "fuzz-bucket/key?versionId=null", "fuzz-bucket", "%ZZ", "a=b&c", "AAAAAA==", "true", "-1", "99999999999999999999",
    "ETag,Checksum", "rpc-v2-cbor", "chunked", "x-amz-checksum-crc32", "aws:kms", "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64, "private", "SageMaker.ListModels",
    "Logs_20140328.\ud800", ".", "é",
)  # fmt: skip
CHUNKED = (
    b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n",
    b"5;chunk-signature=" + b"a" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"b" * 64 + b"\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
    b"1_0\r\nhellohello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffffffff\r\nhello", b"\r\n\r\n",
    b"5\nhello\n0\n\n", b"0\r\n\r\nmore", b" 5 \r\nhello\r\n0\r\n: \r\n\r\n",
)  # fmt: skip
INDEXES = ("0", "-1", "1", "2", "x", "", "01", "99999999999999999999", "1.member.1", "\u00b2", "1000000")
XML = (
    "<", "</a>", "<![CDATA[", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "&b;", "&#0;", "&#x110000;",
    "<?xml version='9' encoding='utf-16'?>", "<a xmlns:b='c'>", "<a>" * 500, "xsi:type=\"x\"", "<Status>Bad</Status>", "\0",
    "<Days>x</Days>", "<Days>1e9</Days>", "<Date>now</Date>", "<Enabled>maybe</Enabled>", "<Size>99999999999999999999</Size>",
)  # fmt: skip
SPOILT = 0.3  # of the requests


@dataclass(frozen=True)
class Sent:
    """A request; `path` is percent-encoded."""

    service: str
    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")


@cache
def _serializer(protocol: str) -> Any:
    return create_serializer(protocol, include_validation=False)


def protocol_of(operation: OperationModel) -> str:
    """What boto3 speaks."""
    metadata = operation.service_model.metadata
    known = metadata.get("protocols", [metadata["protocol"]])
    return next(one for one in ("json", "rest-json", "rest-xml", "query", "ec2") if one in known)


def sent(operation: OperationModel, request: Mapping[str, Any], protocol: str) -> Sent:
    """As boto3 sends it. Raises what its serializer raises for a value that it cannot write."""
    made = _serializer(protocol).serialize_to_request(dict(request), operation)
    service = operation.service_model.service_name
    body = made["body"]
    headers = {
        **signed(SIGNING_NAMES.get(service, service)),
        **{str(name): str(value) for name, value in made["headers"].items()},
    }
    if isinstance(body, dict):
        body = urlencode(body, doseq=True, errors="surrogatepass")
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body or b"")
    query = made["query_string"]
    text = urlencode(query, doseq=True, errors="surrogatepass") if isinstance(query, dict | list) else str(query)
    path, _, more = made["url_path"].partition("?")
    text = "&".join(part for part in (more, text) if part)
    return Sent(
        service,
        operation.name,
        made["method"],
        quote(path, safe="/%-_.~:", errors="surrogatepass"),
        text,
        headers,
        data,
        request,
    )


# ---------------------------------------------------------------------- spoiling
def spoilt(given: Sent, chance: Random) -> Sent:
    """Changed on the wire, in one or two ways."""
    for _ in range(chance.choice((1, 1, 2))):
        given = chance.choice(_WAYS)(given, chance)
    return given


def _body(given: Sent, chance: Random) -> Sent:
    """Another document of the same format."""
    if given.content_type.startswith("application/x-www-form-urlencoded"):
        return replace(given, body=_form(given.body, chance))
    if given.body[:1] == b"{":
        try:
            value = changed(json.loads(given.body), chance)
            return replace(given, body=json_text(value, chance).encode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError, UnicodeError):
            return _bytes(given, chance)
    if given.body[:1] == b"<":
        text = given.body.decode("utf-8", "replace")
        return replace(given, body=havoc(text, chance, (text,), XML).encode("utf-8", "surrogatepass"))
    if given.query:
        return replace(given, query=_form(given.query.encode(), chance).decode("latin-1"))
    return _bytes(given, chance)


def _form(body: bytes, chance: Random) -> bytes:
    """Query protocols: names with other indexes, pairs that come twice or not at all."""
    pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    if not pairs:
        return edge_text(chance).encode("utf-8", "surrogatepass")
    place = chance.randrange(len(pairs))
    name, value = pairs[place]
    kind = chance.randrange(6)
    if kind == 0:
        parts = name.split(".")
        parts[chance.randrange(len(parts))] = chance.choice(INDEXES)
        pairs[place] = (".".join(parts), value)
    elif kind == 1:
        pairs[place] = (
            name + "." + chance.choice(("member.1", "1", "entry.1.key", "", "member", "member.1.member.1", "Name")),
            value,
        )
    elif kind == 2:
        pairs[place] = (name, edge_text(chance))
    elif kind == 3:
        pairs.insert(place, (name, edge_text(chance)))
    elif kind == 4:
        del pairs[place]
    else:
        pairs += [(f"{name}.member.{number}", value[:20]) for number in (1, 3, 2, 10**9)]
    text = urlencode(pairs, errors="surrogatepass")
    return (
        havoc(text, chance, (text,), ("%", "%ZZ", "%C3", "&", "=", ";", "+")).encode("utf-8", "surrogatepass")
        if chance.random() < 0.2
        else text.encode()
    )


def _bytes(given: Sent, chance: Random) -> Sent:
    return replace(given, body=havoc_bytes(given.body, chance))


def _raw(given: Sent, chance: Random) -> Sent:
    return replace(
        given,
        body=chance.choice(
            (
                b"",
                b"null",
                b"[]",
                b"1",
                b'"a"',
                b"\xff\xfe{\0}\0",
                b"<a/>",
                b"a=b",
                chance.choice(RAW).encode("utf-8"),
                b"{" * 5000,
                b'{"a":' * 20_000,
                b"<a>" * 100_000,
            )
        ),
    )


def _header(given: Sent, chance: Random) -> Sent:
    value = chance.choice(HEADER_VALUES) if chance.random() < 0.8 else edge_text(chance)
    return replace(
        given, headers={**given.headers, chance.choice(HEADERS): value.replace("\n", " ").replace("\r", " ")}
    )


def _content_type(given: Sent, chance: Random) -> Sent:
    kept = {name: value for name, value in given.headers.items() if name.lower() != "content-type"}
    return replace(given, headers={**kept, "Content-Type": chance.choice(CONTENT_TYPES)})


def _gzipped(given: Sent, chance: Random) -> Sent:
    data = gzip.compress(given.body, 1, mtime=0)
    return replace(
        given,
        headers={**given.headers, "Content-Encoding": "gzip"},
        body=data if chance.random() < 0.5 else havoc_bytes(data, chance),
    )


def _chunked(given: Sent, chance: Random) -> Sent:
    body = chance.choice(CHUNKED)
    headers = {**given.headers, "Content-Encoding": "aws-chunked"}
    if chance.random() < 0.5:
        headers["X-Amz-Decoded-Content-Length"] = chance.choice(("5", "-1", "x", ""))
    return replace(given, headers=headers, body=havoc_bytes(body, chance) if chance.random() < 0.5 else body)


def _address(given: Sent, chance: Random) -> Sent:
    kind = chance.randrange(4)
    if kind == 0:
        return replace(given, method=chance.choice(METHODS))
    if kind == 1:
        words = ("%00", "%2F", "//", "/..", "%ZZ", "%ff", "?", "%C3%A9", ":", "{", ";", "%25")
        return replace(
            given,
            path="/"
            + havoc(given.path, chance, (given.path,), words)
            .replace(" ", "")
            .replace("\n", "")
            .lstrip("/")
            .encode("ascii", "ignore")
            .decode(),
        )
    if kind == 2:
        extra = chance.choice(
            (
                "uploads",
                "versioning",
                "acl",
                "policy",
                "tagging",
                "versions",
                "list-type=2",
                "max-keys=x",
                "max-keys=-1",
                "partNumber=0",
                "partNumber=99999",
                "uploadId=x",
                "versionId=%00",
                "encoding-type=url",
                "delete",
                "attributes",
                "response-content-type=%0d%0a",
                "X-Amz-Expires=x",
                "=&=&",
                "a" * 3000,
            )
        )
        return replace(given, query="&".join(part for part in (given.query, extra) if part))
    return replace(
        given,
        query=havoc(given.query, chance, (given.query or "a=b",), ("&", "=", "%", "+"))
        .replace("\n", "")
        .encode("ascii", "ignore")
        .decode(),
    )


_WAYS: tuple[Callable[[Sent, Random], Sent], ...] = (
    _body,
    _body,
    _body,
    _body,
    _bytes,
    _raw,
    _header,
    _header,
    _content_type,
    _gzipped,
    _chunked,
    _address,
)
