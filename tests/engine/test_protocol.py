"""The wire formats against botocore: every operation of every service, there and back.

A real boto3 client makes each request; instead of being sent it is parsed as the front parses it, answered with a made-up result as the
front serializes it, and read by the client. What went in must have arrived, and the other way round. So an upgrade of moto (whose
internals the front uses) or of botocore that changes a wire format is seen here first, also for operations that no room answers yet.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.front.protocol import (
    HttpRequest,
    HttpResponse,
    ParsedRequest,
    find_operation,
    parse_request,
    serialize_error,
    serialize_refusal,
    serialize_result,
)

SERVICES = (
    "apigateway",
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codecommit",
    "codedeploy",
    "codepipeline",
    "ecr",
    "efs",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "servicecatalog",
    "sns",
    "stepfunctions",
    "sts",
)
# EC2 has more operations than the others together; these are what templates of networks need.
EC2_OPERATIONS = (
    "AuthorizeSecurityGroupIngress",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateTags",
    "CreateVpc",
    "DescribeAvailabilityZones",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)
NOT_ASKED = {
    # Deprecated twins of other operations, on the same path.
    "s3": {"GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification"}
    # Answered under other host names.
    | {"ListDirectoryBuckets", "WriteGetObjectResponse"},
    # A map in the query takes up the query's other members.
    "apigateway": {"ImportRestApi", "PutRestApi"},
}
# Members that mean something to the client itself: S3 keeps `Expires` as text, a checksum of a result is verified, and an endpoint id
# changes the host name.
LEFT_OUT = {"s3": {"Expires", "ChecksumMode"}, "events": {"EndpointId"}}
STAMP = datetime(2026, 5, 1, 12, 30, 15, tzinfo=UTC)
BLOB = b"\x00\xffblob"
IN_HEADERS = ("header", "headers", "uri", "querystring")
DEEPEST = 6
JSON_TARGET = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
ODD = " ü<&>\"'\\ 😀"


# ---------------------------------------------------------------------- values
class Samples:
    """A value for every member of a shape: odd characters where they may be, two items to a list."""

    def __init__(self, left_out: set[str]):
        self._left_out = left_out

    def of(self, shape: Shape, name: str = "", where: str = "body", depth: int = 0, turn: int = 1) -> Any:
        if isinstance(shape, StructureShape):
            return self._structure(shape, where, depth, turn)
        if isinstance(shape, ListShape):
            return [self.of(shape.member, name, where, depth + 1, turn + place) for place in range(2)]
        if isinstance(shape, MapShape):
            key = self.of(shape.key, f"{name}-Key".title(), where, depth + 1, turn)
            return {key: self.of(shape.value, f"{name}-value", where, depth + 1, turn)}
        if isinstance(shape, StringShape):
            text = shape.enum[0] if shape.enum else f"{name}{turn}"
            return text if shape.enum or where in IN_HEADERS or name.endswith("-Key") else text + ODD
        scalars = {"boolean": True, "timestamp": STAMP, "blob": BLOB, "float": 1.5 + turn, "double": 1.5 + turn}
        return scalars.get(shape.type_name, len(BLOB) if name == "ContentLength" else 200 + turn)

    def _structure(self, shape: StructureShape, where: str, depth: int, turn: int) -> dict[str, Any]:
        members = {name: member for name, member in shape.members.items() if name not in self._left_out}
        if getattr(shape, "is_tagged_union", False):
            members = dict(list(members.items())[:1])
        flat = {name: member for name, member in members.items() if not _is_nested(member)}
        chosen = flat if depth >= DEEPEST and flat else members
        return {
            name: self.of(member, name, member.serialization.get("location", where), depth + 1, turn)
            for name, member in chosen.items()
            if depth < DEEPEST + 4 or not _is_nested(member)
        }


def _is_nested(shape: Shape) -> bool:
    return isinstance(shape, StructureShape | ListShape | MapShape)


def _plain(value: Any) -> Any:
    """For comparing: time stamps in UTC, streams read, empty structures as if they were not there."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, Mapping):
        return {key: plain for key, one in value.items() if (plain := _plain(one)) not in ({}, [])}
    if isinstance(value, list):
        return [plain for one in value if (plain := _plain(one)) not in ({}, [])]
    return value.read() if hasattr(value, "read") else value


def _differences(wanted: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted(set(wanted) | set(found)):
            yield from _differences(wanted.get(name, "(absent)"), found.get(name, "(absent)"), f"{path}.{name}")
    elif wanted != found:
        yield f"{path}: {wanted!r} became {found!r}"


# ---------------------------------------------------------------------- the loop
class Loop:
    """A boto3 client whose requests end at the front's parser and whose answers come from its serializer."""

    def __init__(self, service: str):
        make_client: Any = boto3.client
        self.client = make_client(
            service,
            endpoint_url="http://127.0.0.1:4580",
            region_name="us-east-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(
                parameter_validation=False,
                inject_host_prefix=False,
                response_checksum_validation="when_required",
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )
        self.model: ServiceModel = self.client.meta.service_model
        self.result: Mapping[str, Any] | AwsError = {}
        self.parsed: ParsedRequest | None = None
        self.client.meta.events.register("before-send.*.*", self._answer)

    def call(self, operation: str, request: Mapping[str, Any], result: Mapping[str, Any] | AwsError) -> dict[str, Any]:
        """What the client gets."""
        self.result = result
        answer: dict[str, Any] = getattr(self.client, xform_name(operation))(**request)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        arrived = _arrived(request)
        signing_name = str(self.model.signing_name)
        self.parsed = parse_request(signing_name, arrived)
        assert find_operation(signing_name, arrived).name == self.parsed.operation
        if isinstance(self.result, AwsError):
            return _response(request, serialize_error(self.parsed, self.result, "request-1"))
        return _response(request, serialize_result(self.parsed, self.result, "request-1"))

    def differences(self, operation: OperationModel) -> Iterator[str]:
        samples = Samples(LEFT_OUT.get(self.model.service_name, set()))
        given = samples.of(operation.input_shape) if operation.input_shape else {}
        result = samples.of(operation.output_shape) if operation.output_shape else {}
        answer = self.call(operation.name, given, result)
        assert self.parsed is not None
        yield from _differences(operation.name, self.parsed.operation, "operation")
        yield from _differences(_plain(given), _plain(self.parsed.input), f"{operation.name} input")
        yield from _differences(_plain(result), _plain(answer), f"{operation.name} output")


def _arrived(request: AWSPreparedRequest) -> HttpRequest:
    parts = urlsplit(str(request.url))
    headers = {str(name).title(): _text(value) for name, value in request.headers.items()}
    body: Any = request.body or b""
    body = body.read() if hasattr(body, "read") else body
    body = body.encode() if isinstance(body, str) else bytes(body)
    return HttpRequest(str(request.method), parts.path, parts.query, {**headers, "Host": parts.netloc}, body)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _response(request: AWSPreparedRequest, response: HttpResponse) -> AWSResponse:
    headers: Any = response.headers
    return AWSResponse(request.url, response.status, headers, _Raw(response.body))


def _asked(loop: Loop) -> list[OperationModel]:
    service = loop.model.service_name
    names = EC2_OPERATIONS if service == "ec2" else loop.model.operation_names
    models = [loop.model.operation_model(name) for name in names if name not in NOT_ASKED.get(service, set())]
    return [model for model in models if not model.has_event_stream_input and not model.has_event_stream_output]


# ---------------------------------------------------------------------- promises
@pytest.mark.parametrize("service", [*SERVICES, "ec2"])
def test_every_operation_round_trips(service: str) -> None:
    loop = Loop(service)
    models = _asked(loop)
    assert models
    assert [difference for model in models for difference in loop.differences(model)] == []


@pytest.mark.parametrize("service", [*SERVICES, "ec2"])
def test_errors_reach_the_client_with_code_message_and_status(service: str) -> None:
    loop = Loop(service)
    model = _asked(loop)[0]
    request = Samples(LEFT_OUT.get(service, set())).of(model.input_shape) if model.input_shape else {}
    errors = [AwsError("AccessDenied", f"not you{ODD}", 403), NotImplementedHere("the thing")]
    for error in errors:
        with pytest.raises(ClientError) as caught:
            loop.call(model.name, request, error)
        told = caught.value.response
        assert told["Error"]["Code"] == error.code
        assert told["Error"]["Message"] == error.message
        assert told["ResponseMetadata"]["HTTPStatusCode"] == error.status


@pytest.mark.parametrize("service", SERVICES)
def test_errors_of_the_model_become_its_exceptions(service: str) -> None:
    loop = Loop(service)
    model = next((one for one in _asked(loop) if one.error_shapes), None)
    if model is None:
        assert service in ("cloudwatch", "ec2"), f"{service} lost its modelled errors"
        return
    shape = model.error_shapes[0]
    request = Samples(LEFT_OUT.get(service, set())).of(model.input_shape) if model.input_shape else {}
    code = str(shape.metadata.get("error", {}).get("code", shape.name))
    with pytest.raises(getattr(loop.client.exceptions, shape.name)) as caught:
        loop.call(model.name, request, AwsError(code, "no"))
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("key", ["a//b", "/a", "a/", "//", "a%2Fb", "a b+c", "ü/😀", "a?b#c&d=e", "../a", "a/./b"])
def test_keys_of_s3_arrive_as_they_were_sent(key: str) -> None:
    loop = Loop("s3")
    loop.call("GetObject", {"Bucket": "b", "Key": key}, {"Body": b""})
    assert loop.parsed is not None
    assert loop.parsed.input["Key"] == key
    loop.call("ListObjectsV2", {"Bucket": "b", "Prefix": key, "StartAfter": key}, {"Contents": [{"Key": key}]})
    assert (loop.parsed.input["Prefix"], loop.parsed.input["StartAfter"]) == (key, key)


def test_a_result_may_state_its_own_status() -> None:
    loop = Loop("lambda")
    assert loop.call("Invoke", {"FunctionName": "f"}, {"StatusCode": 202, "Payload": b""})["StatusCode"] == 202


@pytest.mark.parametrize(
    ("service", "request_", "code"),
    [
        ("lambda", HttpRequest("PATCH", "/2015-03-31/nothing", "", {}), "UnknownOperationException"),
        ("lambda", HttpRequest("POST", "/2015-03-31/functions", "", {}, b"{"), "SerializationException"),
        ("sagemaker", HttpRequest("POST", "/", "", JSON_TARGET, b'{"MaxResults": 1'), "SerializationException"),
        ("sagemaker", HttpRequest("POST", "/", "", JSON_TARGET, b"\xff"), "SerializationException"),
        ("s3", HttpRequest("POST", "/bucket", "delete", {}, b"<Delete><Object>"), "MalformedXML"),
    ],
)
def test_what_cannot_be_read_is_said_so(service: str, request_: HttpRequest, code: str) -> None:
    with pytest.raises(AwsError) as error:
        parse_request(service, request_)
    assert error.value.code == code


def test_a_payload_that_is_a_blob_need_not_be_json() -> None:
    request = HttpRequest("POST", "/2015-03-31/functions/f/invocations", "", {}, b"not json")
    assert parse_request("lambda", request).input["Payload"] == b"not json"


def test_other_wire_formats_are_refused_by_name() -> None:
    cbor = HttpRequest("POST", "/", "", {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}, b"")
    with pytest.raises(AwsError, match="cbor"):
        parse_request("monitoring", cbor)


@pytest.mark.parametrize("service", ["s3", "sts", "sagemaker", None])
def test_a_refusal_before_parsing_has_the_format_of_the_claimed_service(service: str | None) -> None:
    request = HttpRequest("GET", "/bucket/key", "", {})
    if service == "sagemaker":
        request = HttpRequest("POST", "/", "", JSON_TARGET)
    if service == "sts":
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        request = HttpRequest("POST", "/", "", {"Content-Type": "application/x-www-form-urlencoded"}, body)
    response = serialize_refusal(service, request, AwsError("AccessDenied", "not you", 403), "request-1")
    assert response.status == 403
    assert response.body.startswith(b"<" if service in ("s3", "sts") else b"{")
    assert b"AccessDenied" in response.body
