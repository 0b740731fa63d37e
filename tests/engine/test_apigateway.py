"""REST APIs: from the front door to the hosts of functions, past the engine."""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functions import archive, change_code, make_function
from tests.live import LiveEngine, eventually

SOURCE = """
import base64, json
def handler(event, context):
    wanted = json.loads(event["body"] or "{}") if not event["isBase64Encoded"] else {}
    if wanted.get("raise"):
        raise ValueError("no")
    if "answer" in wanted:
        return wanted["answer"]
    return {"statusCode": 201, "headers": {"X-Version": context.function_version}, "body": json.dumps(event)}
"""


@dataclass(frozen=True)
class Api:
    engine: LiveEngine
    id: str

    def call(
        self, path: str, data: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, Any, bytes]:
        """Status, headers and body."""
        request = urllib.request.Request(f"{self.engine.url}/_api/{self.id}/Prod{path}", data=data, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


def make_api(engine: LiveEngine, function_arn: str, binary: tuple[str, ...] = (), is_permitted: bool = True) -> Api:
    """An API with POST /api, GET /items/{id} and ANY /{proxy+} before a function, deployed as Prod and served."""
    gateway = engine.client("apigateway")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    operation = {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}}
    body = {
        "openapi": "3.0.1",
        "info": {"title": "test", "version": "1.0"},
        "x-amazon-apigateway-binary-media-types": list(binary),
        "paths": {
            "/api": {"post": operation},
            "/items/{id}": {"get": operation},
            "/rest/{proxy+}": {"x-amazon-apigateway-any-method": operation},
        },
    }
    api = Api(engine, gateway.import_rest_api(body=json.dumps(body).encode())["id"])
    if is_permitted:
        engine.client("lambda").add_permission(
            FunctionName=function_arn,
            StatementId=f"api-{api.id}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/*",
        )
    deployment = gateway.create_deployment(restApiId=api.id)["id"]
    gateway.create_stage(restApiId=api.id, stageName="Prod", deploymentId=deployment, variables={"color": "blue"})
    wanted = {201} if is_permitted else {500}
    eventually(lambda: api.call("/api", b"{}")[0] in wanted)
    return api


def make_alias(engine: LiveEngine, name: str, source: str = SOURCE) -> str:
    """A function with the alias `live` on its version 1: the alias's ARN."""
    make_function(engine, name, source, Timeout=10)
    client = engine.client("lambda")
    client.publish_version(FunctionName=name)
    return str(client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")["AliasArn"])


@pytest.fixture(scope="module")
def api(engine: LiveEngine) -> Api:
    return make_api(engine, make_alias(engine, "behind-api"), binary=("application/octet-stream",))


def test_the_function_gets_the_event_of_a_proxy_integration(api: Api) -> None:
    status, headers, body = api.call("/items/a%20b?x=1&x=2&y=", method="GET", X_Own="1", User_Agent="test/1")
    assert (status, headers["X-Version"]) == (201, "1")
    assert headers["x-amzn-RequestId"]
    event = json.loads(body)
    assert (event["resource"], event["httpMethod"]) == ("/items/{id}", "GET")
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["headers"]["X-Own"] == "1"
    assert event["stageVariables"] == {"color": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["accountId"]) == (api.id, "Prod", "000000000000")
    assert (context["resourcePath"], context["httpMethod"]) == ("/items/{id}", "GET")
    assert context["identity"]["userAgent"] == "test/1"
    assert context["requestId"] == headers["x-amzn-RequestId"]
    assert not [name for name in event["headers"] if name.lower().startswith("x-envoy")]


def test_a_greedy_path_takes_every_method(api: Api) -> None:
    status, _, body = api.call("/rest/a/b", b"{}", "DELETE")
    event = json.loads(body)
    assert (status, event["resource"], event["pathParameters"]) == (201, "/rest/{proxy+}", {"proxy": "a/b"})


def test_a_method_or_path_that_does_not_exist_is_refused(api: Api) -> None:
    for path, method in (("/api", "GET"), ("/nothing", "GET")):
        status, _, body = api.call(path, method=method)
        assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})


def test_a_function_that_raises_is_a_bad_gateway(api: Api) -> None:
    status, _, body = api.call("/api", b'{"raise": 1}')
    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize("answer", [None, "text", {"statusCode": 200, "other": 1}, {"body": {}}, {"statusCode": "x"}])
def test_a_malformed_answer_is_a_bad_gateway(api: Api, answer: object) -> None:
    status, _, body = api.call("/api", json.dumps({"answer": answer}).encode())
    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})


def test_headers_with_several_values_come_through(api: Api) -> None:
    answer = {"statusCode": "418", "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "headers": {"X-N": 5}}
    status, headers, body = api.call("/api", json.dumps({"answer": answer}).encode())
    assert (status, headers.get_all("Set-Cookie"), headers["X-N"], body) == (418, ["a=1", "b=2"], "5", b"")


def test_binary_media_types_travel_as_base64(api: Api) -> None:
    status, _, body = api.call("/api", b"\x00\xff", Content_Type="application/octet-stream")
    event = json.loads(body)
    assert (status, event["isBase64Encoded"], base64.b64decode(event["body"])) == (201, True, b"\x00\xff")
    answer = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\x01\xfe").decode()}
    wanted = json.dumps({"answer": answer}).encode()
    assert api.call("/api", wanted, Accept="application/octet-stream")[2] == b"\x01\xfe"
    assert api.call("/api", wanted, Accept="text/plain")[2] == base64.b64encode(b"\x01\xfe")


def test_what_is_larger_than_an_event_is_too_long(api: Api) -> None:
    status, _, body = api.call("/api", b'"' + b"x" * (6 * 2**20 + 10) + b'"')
    assert status == 413
    assert "message" in json.loads(body)


def test_without_permission_the_api_fails_until_it_is_given(engine: LiveEngine) -> None:
    arn = make_alias(engine, "unpermitted")
    api = make_api(engine, arn, is_permitted=False)
    assert json.loads(api.call("/api", b"{}")[2]) == {"message": "Internal server error"}
    engine.client("lambda").add_permission(
        FunctionName=arn,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/*/*/api",
    )
    eventually(lambda: api.call("/api", b"{}")[0] == 201)
    assert api.call("/items/1")[0] == 500


def test_an_api_is_described_as_it_was_imported(engine: LiveEngine, api: Api) -> None:
    gateway = engine.client("apigateway")
    paths = {item["path"]: item for item in gateway.get_resources(restApiId=api.id)["items"]}
    assert set(paths) == {"/", "/api", "/items", "/items/{id}", "/rest", "/rest/{proxy+}"}
    assert paths["/api"]["parentId"] == paths["/"]["id"]
    settings = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "1000"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "500"},
    ]
    gateway.update_stage(restApiId=api.id, stageName="Prod", patchOperations=settings)
    method = gateway.get_stage(restApiId=api.id, stageName="Prod")["methodSettings"]["*/*"]
    assert (method["throttlingRateLimit"], method["throttlingBurstLimit"]) == (1000.0, 500)
    assert api.call("/api", b"{}")[0] == 201


@pytest.mark.parametrize("name", ["../../outside", "a/b", "..", "a.b", "a" * 129])
def test_a_stage_whose_name_would_be_a_path_is_refused(engine: LiveEngine, api: Api, name: str) -> None:
    gateway = engine.client("apigateway")
    [deployment, *_] = gateway.get_deployments(restApiId=api.id)["items"]
    with pytest.raises(ClientError, match="Stage name only allows"):
        gateway.create_deployment(restApiId=api.id, stageName=name)
    with pytest.raises(ClientError, match="Stage name only allows"):
        gateway.create_stage(restApiId=api.id, deploymentId=deployment["id"], stageName=name)
    assert not list(engine.folder.rglob("outside*"))


def test_a_deleted_api_is_gone_from_the_door(engine: LiveEngine) -> None:
    api = make_api(engine, make_alias(engine, "short-lived"))
    engine.client("apigateway").delete_rest_api(restApiId=api.id)
    eventually(lambda: api.call("/api", b"{}")[0] == 403)
    with pytest.raises(ClientError) as error:
        engine.client("apigateway").get_rest_api(restApiId=api.id)
    assert error.value.response["Error"]["Code"] == "NotFoundException"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"type": "mock"}, "mock"),
        ({"type": "aws_proxy", "uri": "https://example.org"}, "example.org"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(engine: LiveEngine, change: dict[str, str], named: str) -> None:
    body = {
        "openapi": "3.0.1",
        "info": {"title": "refused"},
        "paths": {"/": {"get": {"x-amazon-apigateway-integration": change}}},
    }
    with pytest.raises(ClientError, match=named) as error:
        engine.client("apigateway").import_rest_api(body=json.dumps(body).encode())
    assert error.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize("info", ["", "[]", '"x"', "1", "Infinity"])
def test_an_api_that_says_nothing_of_itself_is_refused(engine: LiveEngine, info: str) -> None:
    body = f'{{"openapi": "3.0.1", "info": {info or "{}"}, "paths": {{}}}}'
    with pytest.raises(ClientError, match=r"info(\.title|) ?(, the name|must be an object)") as error:
        engine.client("apigateway").import_rest_api(body=body.encode())
    assert error.value.response["Error"]["Code"] == "BadRequestException"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"info": 71}, "info must be an object"),
        ({"info": {"title": ""}}, "info.title"),
        ({"x-amazon-apigateway-binary-media-types": "*/*"}, "must be a list of media types"),
        ({"x-amazon-apigateway-binary-media-types": [1]}, "must be a list of media types"),
    ],
)
def test_a_definition_that_is_none_leaves_the_api_as_it_is(
    engine: LiveEngine, change: dict[str, Any], words: str
) -> None:
    client = engine.client("apigateway")
    whole: dict[str, Any] = {"openapi": "3.0.1", "info": {"title": "kept", "version": 2}, "paths": {}}
    made = client.import_rest_api(body=json.dumps(whole).encode())
    assert made["version"] == "2"
    with pytest.raises(ClientError, match=words) as error:
        client.put_rest_api(restApiId=made["id"], body=json.dumps({**whole, **change}).encode())
    assert error.value.response["Error"]["Code"] == "BadRequestException"
    known = client.get_rest_api(restApiId=made["id"])
    assert {name: known[name] for name in ("name", "version")} == {"name": "kept", "version": "2"}
    client.delete_rest_api(restApiId=made["id"])


class Traffic:
    """Requests without a pause, and what became of them."""

    def __init__(self, api: Api):
        self.statuses: Counter[int] = Counter()
        self.versions: Counter[str] = Counter()
        self._api = api
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(3)

    def __enter__(self) -> Traffic:
        for _ in range(3):
            self._pool.submit(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()

    def _run(self) -> None:
        while not self._stop.is_set():
            status, headers, _ = self._api.call("/api", b"{}")
            self.statuses[status] += 1
            self.versions[headers.get("X-Version", "")] += 1


def test_traffic_follows_the_alias_and_no_request_fails(engine: LiveEngine) -> None:
    api = make_api(engine, make_alias(engine, "shifting"))
    client = engine.client("lambda")
    assert change_code(engine, "shifting", SOURCE + "# new\n") == "2"
    with Traffic(api) as traffic:
        eventually(lambda: traffic.statuses[201] > 30)
        weights = {"AdditionalVersionWeights": {"2": 0.5}}
        client.update_alias(FunctionName="shifting", Name="live", RoutingConfig=weights)
        eventually(lambda: traffic.versions["2"] > 30)
        nothing: dict[str, Any] = {"AdditionalVersionWeights": {}}
        client.update_alias(FunctionName="shifting", Name="live", FunctionVersion="2", RoutingConfig=nothing)
        eventually(lambda: api.call("/api", b"{}")[1]["X-Version"] == "2")
    assert set(traffic.statuses) == {201}


def test_an_api_before_the_latest_code_follows_each_update(engine: LiveEngine) -> None:
    api = make_api(engine, make_function(engine, "unpublished", SOURCE))
    assert api.call("/api", b"{}")[1]["X-Version"] == "$LATEST"
    code = archive({"app.py": SOURCE.replace("201", "202")})
    with Traffic(api) as traffic:
        engine.client("lambda").update_function_code(FunctionName="unpublished", ZipFile=code)
        eventually(lambda: traffic.statuses[202] > 10)
    assert set(traffic.statuses) == {201, 202}


def test_an_api_serves_on_while_the_engine_dies_and_comes_back(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    api = make_api(live, make_alias(live, "steady"))
    with Traffic(api) as traffic:
        eventually(lambda: traffic.statuses[201] > 20)
        live.kill()
        without = traffic.statuses[201]
        eventually(lambda: traffic.statuses[201] > without + 50)
        live.start()
        again = traffic.statuses[201]
        eventually(lambda: traffic.statuses[201] > again + 50)
    assert set(traffic.statuses) == {201}
    assert change_code(live, "steady", SOURCE + "# new\n") == "2"


def test_an_api_serves_on_after_its_data_folder_was_moved(
    new_engine: Callable[..., LiveEngine], tmp_path: Path
) -> None:
    live = new_engine()
    live.start()
    api = make_api(live, make_alias(live, "moved"))
    eventually(lambda: api.call("/api", b"{}")[0] == 201)
    live.stop()
    live.folder = live.folder.rename(tmp_path / "elsewhere")
    live.start()
    eventually(lambda: api.call("/api", b"{}")[0] == 201)


@pytest.mark.parametrize(
    "point", ["lambda.target.Routed.before_commit", "lambda.route_target.after", "apigateway.publish_stage.after"]
)
def test_a_shift_is_finished_although_the_engine_dies(new_engine: Callable[..., LiveEngine], point: str) -> None:
    live = new_engine()
    live.start()
    api = make_api(live, make_alias(live, "finish"))
    assert change_code(live, "finish", SOURCE + "# new\n") == "2"
    live.stop()
    live.start({"MLSYSTEM_KILL_AT": point})
    eventually(lambda: api.call("/api", b"{}")[0] == 201)
    with suppress(ClientError):  # the engine may die before the answer: what was asked for is written down all the same
        live.client("lambda").update_alias(FunctionName="finish", Name="live", FunctionVersion="2")
        if point.startswith("apigateway"):
            patch = [{"op": "replace", "path": "/description", "value": "new"}]
            live.client("apigateway").update_stage(restApiId=api.id, stageName="Prod", patchOperations=patch)
    live.await_death()
    assert api.call("/api", b"{}")[0] == 201
    live.start()
    eventually(lambda: api.call("/api", b"{}")[1]["X-Version"] == "2")


def test_requests_are_counted_as_lambdas_metrics(engine: LiveEngine) -> None:
    api = make_api(engine, make_alias(engine, "counted"))
    for _ in range(3):
        api.call("/api", b'{"raise": 1}')
    cloudwatch = engine.client("cloudwatch")
    now = datetime.now(UTC)

    def total(**dimensions: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    eventually(lambda: total(FunctionName="counted", Resource="counted:live", ExecutedVersion="1") == 3)
    assert total(FunctionName="counted") == 3
