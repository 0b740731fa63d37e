"""AWS's wire formats: from an HTTP request to an operation and its input, and from its output or error to an HTTP response.

The formats are moto.core's, which are untyped internals of that package: this is the only file that imports them, their version is
pinned exactly, and tests/engine/test_protocol.py holds them against botocore. Object bodies do not pass here: they stream past.
"""

from __future__ import annotations

import functools
import json
import re
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from botocore.utils import parse_timestamp
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    Request,
    determine_request_protocol,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.core.routing import RestRouter, get_router_class
from moto.core.serialize import SerializationContext, get_serializer_class
from werkzeug.exceptions import NotFound

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.front.dictionary_results import DictionaryResults
from mlsystem.engine.front.json_types import type_faults
from mlsystem.engine.front.s3_wire import as_modelled, with_root
from mlsystem.engine.front.xml_text import xml_text
from mlsystem.engine.runtime.api_model import api_description

# The service name in a request's credential scope, where it is not botocore's name.
SIGNING_NAMES = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "elasticfilesystem": "efs",
}

# What AWS answers to a body that cannot be read, or a value of another type, where it is not SerializationException.
UNREADABLE_CODES = {"rest-xml": "MalformedXML", "query": "MalformedInput", "ec2": "InvalidParameterValue"}

# How moto writes XML: with a prolog, and whether an element without content is a short one.
XML_FORMS = {"query": (False, True), "ec2": (True, True), "s3": (True, True)}
# What the parsers of bodies and time stamps raise for what is none, beside their own error.
UNREADABLE = (ArithmeticError, AttributeError, KeyError, RuntimeError, TypeError, ValueError)

# Characters that no reader of XML takes, however they are written.
NOT_OF_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")

# Of a compressed body, so that a small one cannot fill the memory.
LARGEST_UNPACKED_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class HttpRequest:
    """One request as it arrived; `raw_path` is percent-encoded, `body` empty where the body streams past."""

    method: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class HttpResponse:
    """`body` is empty where an object streams past."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class ParsedRequest:
    """An operation and its input, in the shapes that boto3 uses."""

    service: str
    operation: str
    input: dict[str, Any]
    model: OperationModel
    wire: str


@dataclass(frozen=True)
class FoundOperation:
    """What can be told of a request without its body: among others whether the body is to be streamed."""

    service: str
    request: HttpRequest
    wire: str
    moto_request: Request
    model: OperationModel
    uri_parameters: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.model.name)


def model_of(signing_name: str) -> ServiceModel:
    """Raises NotImplementedHere for a name that is no service's."""
    found: ServiceModel = _service(SIGNING_NAMES.get(signing_name, signing_name))
    return found


def find_operation(signing_name: str, request: HttpRequest) -> FoundOperation:
    """Raises AwsError for an unknown one."""
    service = SIGNING_NAMES.get(signing_name, signing_name)
    wire, moto_request = _wire(service, request), _moto_request(request)
    return FoundOperation(service, request, wire, moto_request, *_match(service, wire, moto_request))


def _match(service: str, wire: str, request: Request) -> tuple[OperationModel, dict[str, Any]]:
    try:
        operation, uri_parameters = _router(service, wire).match(request)
    except NotFound as error:
        raise AwsError(
            "UnknownOperationException",
            f"{service} has no operation for {request.method} {request.raw_path}",
            status=404,
        ) from error
    return operation, uri_parameters


def parse_request(signing_name: str, request: HttpRequest, found: FoundOperation | None = None) -> ParsedRequest:
    """`found` is of this very request, if it was looked for already.

    Raises AwsError for an unknown operation or a body that cannot be read.
    """
    if found is None or found.request is not request:
        request = _unpacked(SIGNING_NAMES.get(signing_name, signing_name), request)
        found = find_operation(signing_name, request)
    service, wire, moto_request, operation = found.service, found.wire, found.moto_request, found.model
    parser = PROTOCOL_PARSERS[wire](operation, timestamp_parser=parse_timestamp)
    try:
        _check_json(operation, wire, request.body)
        parsed = parser.parse(
            {
                "method": request.method,
                "values": moto_request.values,
                "headers": moto_request.headers,
                "body": request.body,
                "url_path": moto_request.path,
                "url_params": found.uri_parameters,
            }
        )
    except (RequestParserError, *UNREADABLE) as error:
        raise AwsError(
            UNREADABLE_CODES.get(wire, "SerializationException"),
            f"{operation.name}: the body of the request cannot be read: {error}",
            400,
        ) from error
    if service == "s3":
        parsed = as_modelled(parsed)
    if _service(service).protocol == "query" and "X-Amzn-Query-Mode" in moto_request.headers:
        wire = "query-json" if moto_request.headers.get("Content-Type", "").startswith("application/json") else wire
    return ParsedRequest(service, operation.name, parsed, operation, wire)


def _check_json(operation: OperationModel, wire: str, body: bytes) -> None:
    """Raises ValueError for a body that is not JSON, which the parser would take for an empty one, or has values of other types."""
    shape = operation.input_shape
    if wire not in ("json", "rest-json", "query-json") or not body or shape is None:
        return
    payload = shape.serialization.get("payload")
    if payload is not None and shape.members[payload].type_name in ("blob", "string"):
        return
    value = json.loads(body)
    if value is None and payload is None:
        raise ValueError("null is no request")
    faults = list(type_faults(shape if payload is None else shape.members[payload], value))
    if faults:
        raise ValueError("; ".join(faults))


def _unpacked(service: str, request: HttpRequest) -> HttpRequest:
    """Without the compression that clients give to long bodies (PutMetricData's); S3 keeps an object's coding as it is.

    The signature is that of the compressed body. Raises AwsError for one that cannot be unpacked, or is too long.
    """
    coding = next((value for name, value in request.headers.items() if name.lower() == "content-encoding"), "")
    if coding.strip().lower() != "gzip" or service == "s3":
        return request
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(request.body, LARGEST_UNPACKED_BYTES)
    except zlib.error as error:
        raise AwsError(
            "SerializationException", f"The body is not gzip as its Content-Encoding says: {error}"
        ) from error
    if unpacker.unconsumed_tail:
        raise AwsError(
            "RequestEntityTooLargeException", f"The body is over {LARGEST_UNPACKED_BYTES} bytes.", status=413
        )
    return replace(request, body=body)


def serialize_result(parsed: ParsedRequest, result: Mapping[str, Any], request_id: str) -> HttpResponse:
    """The response for what a room returned."""
    serialized = _serializer(parsed.service, parsed.wire, parsed.model, request_id).serialize(dict(result))
    response = _response(serialized, request_id, is_document=not _is_opaque(parsed.model))
    if parsed.service == "s3":
        response = replace(response, body=with_root(parsed.operation, response.body))
    return _as_stated(response, parsed.model, result)


def _is_opaque(model: OperationModel) -> bool:
    """Whether the body of its answer is one member, in no format of AWS's: an object, a policy."""
    shape = model.output_shape
    if shape is None or "payload" not in shape.serialization:
        return False
    return shape.members[shape.serialization["payload"]].type_name in ("blob", "string")


def _as_stated(response: HttpResponse, model: OperationModel, result: Mapping[str, Any]) -> HttpResponse:
    """What the serializer leaves out: members of a result that are the status (Lambda's Invoke: 202) or the content type."""
    members = model.output_shape.members if model.output_shape is not None else {}
    for name, shape in members.items():
        if result.get(name) is None:
            continue
        if shape.serialization.get("location") == "statusCode":
            response = replace(response, status=result[name])
        elif shape.serialization.get("name", "").lower() == "content-type":
            response = replace(response, headers={**response.headers, "Content-Type": str(result[name])})
    return response


def serialize_error(parsed: ParsedRequest, error: AwsError, request_id: str) -> HttpResponse:
    """The response for an error; its status is the error's, else the model's, else 400."""
    serializer = _serializer(parsed.service, parsed.wire, parsed.model, request_id)
    with warnings.catch_warnings():
        # Codes that the model lacks (AccessDenied, NotImplemented) are right all the same.
        warnings.simplefilter("ignore", UserWarning)
        serialized = serializer.serialize(_WireError(error))
    response = _response(serialized, request_id)
    return HttpResponse(error.status, response.headers, response.body) if error.status else response


class _WireError(Exception):
    """An AwsError with its fields as attributes, where the serializer looks for them."""

    def __init__(self, error: AwsError):
        super().__init__(error.message)
        self.__dict__.update(error.fields)
        self.code = error.code
        self.message = error.message


def serialize_refusal(signing_name: str | None, request: HttpRequest, error: AwsError, request_id: str) -> HttpResponse:
    """For a request that was refused before it was parsed, in the wire format of the service that it claims to be for.

    Where not even that can be told it is the JSON form, which every client can show.
    """
    if signing_name is not None:
        try:
            found = find_operation(signing_name, request)
        except AwsError:
            pass
        else:
            parsed = ParsedRequest(found.service, found.name, {}, found.model, found.wire)
            return serialize_error(parsed, error, request_id)
    body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-ErrorType": error.code,
        "x-amzn-RequestId": request_id,
    }
    return HttpResponse(error.status or 400, headers, body)


def _response(serialized: Mapping[str, Any], request_id: str, *, is_document: bool = True) -> HttpResponse:
    """`is_document` False: the body is what a client has put there, and stays as it is."""
    body = serialized["body"]
    headers = {name: str(value) for name, value in serialized["headers"].items()}
    headers.setdefault("x-amzn-RequestId", request_id)
    if isinstance(body, str):
        body = body.encode("utf-8", "replace")
    if is_document and headers.get("Content-Type", "").endswith("/xml"):
        body = NOT_OF_XML.sub(b"?", body)
    return HttpResponse(serialized["status_code"], headers, body)


@functools.cache
def _service(service: str) -> Any:
    try:
        return ServiceModel(api_description(service), service)
    except Exception as error:  # botocore raises several kinds for a name that it does not know
        raise NotImplementedHere(f"the service {service!r}") from error


def _wire(service: str, request: HttpRequest) -> str:
    content_type = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    try:
        return determine_request_protocol(_service(service), content_type.split(";")[0].strip())
    except NotImplementedError as error:
        raise NotImplementedHere(f"the wire format {content_type!r} of {service}", "boto3's formats are") from error


@functools.cache
def _router(service: str, wire: str) -> Any:
    # moto's own S3 router also reads bucket names from host names, for which it imports all of its S3 service.
    router = RestRouter if service == "s3" else get_router_class(service, wire)
    if router is None:
        raise NotImplementedHere(f"the wire format {wire} of {service}")
    return router(_service(service))


def _serializer(service: str, wire: str, model: OperationModel, request_id: str) -> Any:
    return _serializer_class(service, wire)(model, context=SerializationContext(request_id))


@functools.cache
def _serializer_class(service: str, wire: str) -> Any:
    known: Any = get_serializer_class(service, wire)
    form = XML_FORMS.get("s3" if service == "s3" else wire)
    bodies = {"_serialize_body": lambda _, body: xml_text(body, *form)} if form else {}
    return type(known.__name__, (DictionaryResults, known), bodies)


def _moto_request(request: HttpRequest) -> Request:
    """As moto would make it, by way of a builder for tests that takes a quarter of a request's time."""
    path = unquote(request.raw_path).encode(errors="replace").decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": request.raw_path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        PRESERVED_HEADER_NAMES_ENVIRON_KEY: {
            environ_key_for_header(name): name
            for name in request.headers
            if "_" in name and should_preserve_original_header_name(name)
        },
    }
    for name, value in request.headers.items():
        # Which host the client means makes no difference.
        if name.lower() not in ("host", "transfer-encoding"):
            environ[environ_key_for_header(name)] = value
    environ["CONTENT_LENGTH"] = str(len(request.body))  # 0 where an object streams past
    return Request(environ)
