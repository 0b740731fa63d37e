"""Who may call an API: keys and usage plans, signatures and policies, throttles."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from tests.aws.project import PROJECT, read_template
from tests.engine.test_apigateway import SOURCE, Api, make_alias, make_api
from tests.live import LiveEngine, eventually
from tests.roles import limited_role, role, session
from tests.stacks import StackUser, outputs

KEY_SCHEME = {"ApiKey": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
SIGNATURE_SCHEME = {
    "Signature": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
}


def make_guarded_api(engine: LiveEngine, name: str, scheme: dict[str, Any]) -> Api:
    """As `make_api`, where POST /api asks for what the one scheme says; GET /items/{id} is open."""
    api = make_api(engine, make_alias(engine, name))
    gateway = engine.client("apigateway")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{alias_arn(name)}/invocations"
    operation = {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}}
    guarded = {**operation, "security": [{named: []} for named in scheme]}
    body = {
        "openapi": "3.0.1",
        "info": {"title": name},
        "components": {"securitySchemes": scheme},
        "paths": {"/api": {"post": guarded}, "/items/{id}": {"get": operation}},
    }
    gateway.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(body).encode())
    gateway.create_deployment(restApiId=api.id, stageName="Prod")
    eventually(lambda: api.call("/api", b"{}")[0] == 403)
    return api


def alias_arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live"


def refusal(answer: tuple[int, Any, bytes]) -> tuple[int, str, Any]:
    status, headers, body = answer
    return status, headers["x-amzn-errortype"], json.loads(body)


def test_a_method_with_a_key_lets_in_who_has_an_enabled_key_of_a_plan_of_its_stage(engine: LiveEngine) -> None:
    api = make_guarded_api(engine, "keyed", KEY_SCHEME)
    gateway = engine.client("apigateway")
    key = gateway.create_api_key(name="client", enabled=True)
    other = gateway.create_api_key(name="of-no-plan", enabled=True)

    def call(value: str | None) -> tuple[int, Any, bytes]:
        return api.call("/api", b"{}", **({"X_Api_Key": value} if value else {}))

    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api.id, "stage": "Prod"}])
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    eventually(lambda: call(key["value"])[0] == 201)
    forbidden = (403, "ForbiddenException", {"message": "Forbidden"})
    for wrong in (None, "wrong" * 6, other["value"], key["value"] + "x"):
        assert refusal(call(wrong)) == forbidden
    assert api.call("/items/1")[0] == 201
    assert refusal(api.call("/api"))[1] == "MissingAuthenticationTokenException"
    method = gateway.get_resources(restApiId=api.id, embed=["methods"])["items"]
    assert [item["resourceMethods"]["POST"]["apiKeyRequired"] for item in method if item["path"] == "/api"] == [True]

    disable = [{"op": "replace", "path": "/enabled", "value": "false"}]
    gateway.update_api_key(apiKey=key["id"], patchOperations=disable)
    eventually(lambda: call(key["value"])[0] == 403)
    assert "value" not in gateway.get_api_key(apiKey=key["id"])
    with pytest.raises(ClientError, match="API stages associated"):
        gateway.delete_usage_plan(usagePlanId=plan["id"])


def test_each_client_and_each_method_is_throttled_for_itself(engine: LiveEngine) -> None:
    api = make_guarded_api(engine, "throttled", KEY_SCHEME)
    gateway = engine.client("apigateway")
    keys = [gateway.create_api_key(name=f"client-{number}", enabled=True) for number in range(2)]
    # A token comes back after a day and more: what counts is the burst.
    for key, burst in zip(keys, (3, 1000), strict=True):
        throttle = {"burstLimit": burst, "rateLimit": 0.00001}
        plan = gateway.create_usage_plan(
            name=f"plan-{burst}", throttle=throttle, apiStages=[{"apiId": api.id, "stage": "Prod"}]
        )
        gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    eventually(lambda: api.call("/api", b"{}", X_Api_Key=keys[1]["value"])[0] == 201)

    def statuses(client: int, count: int) -> list[int]:
        return [api.call("/api", b"{}", X_Api_Key=keys[client]["value"])[0] for _ in range(count)]

    assert statuses(0, 5) == [201, 201, 201, 429, 429]
    answer = refusal(api.call("/api", b"{}", X_Api_Key=keys[0]["value"]))
    assert answer == (429, "TooManyRequestsException", {"message": "Too Many Requests"})
    assert statuses(1, 5) == [201] * 5

    settings = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "0.00001"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "4"},
    ]
    gateway.update_stage(restApiId=api.id, stageName="Prod", patchOperations=settings)
    eventually(lambda: api.call("/items/1")[0] == 429)
    assert 429 in statuses(1, 5)


def test_a_throttle_of_nothing_closes_a_method(engine: LiveEngine) -> None:
    api = make_api(engine, make_alias(engine, "closed"))
    path = "/~1api/POST/throttling/burstLimit"
    patch = [{"op": "replace", "path": path, "value": "0"}]
    engine.client("apigateway").update_stage(restApiId=api.id, stageName="Prod", patchOperations=patch)
    eventually(lambda: api.call("/api", b"{}")[0] == 429)
    assert api.call("/items/1")[0] == 201
    for value in ("-1", "many", "inf"):
        with pytest.raises(ClientError, match="burstLimit must be a number from 0 up") as error:
            engine.client("apigateway").update_stage(
                restApiId=api.id, stageName="Prod", patchOperations=[{"op": "replace", "path": path, "value": value}]
            )
        assert error.value.response["Error"]["Code"] == "BadRequestException"


def signed(api: Api, client: Any, path: str, service: str = "execute-api", body: bytes = b"{}") -> dict[str, str]:
    """The headers of a signed POST, by the keys of a boto3 client."""
    request = AWSRequest("POST", f"{api.engine.url}/_api/{api.id}/Prod{path}", data=body)
    SigV4Auth(client._request_signer._credentials, service, "us-east-1").add_auth(request)
    return {name.replace("-", "_"): value for name, value in request.headers.items()}


def test_a_signed_method_asks_the_policies_of_who_signed(engine: LiveEngine) -> None:
    api = make_guarded_api(engine, "signed", SIGNATURE_SCHEME)
    resource = f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/Prod/POST/api"
    allowed = limited_role(
        engine, "api-caller", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}
    )
    barred = limited_role(
        engine, "no-api-caller", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource + "/x"}
    )
    caller, other = session(engine, allowed, "sts"), session(engine, barred, "sts")
    good = signed(api, caller, "/api")
    assert api.call("/api", b"{}", **good)[0] == 201
    assert api.call("/api", b"{}", **signed(api, engine.client("sts"), "/api"))[0] == 201

    status, kind, body = refusal(api.call("/api", b"{}", **signed(api, other, "/api")))
    assert (status, kind) == (403, "AccessDeniedException")
    assert f"not authorized to perform: execute-api:Invoke on resource: {resource}" in body["Message"]
    unsigned = refusal(api.call("/api", b"{}"))
    assert unsigned == (403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"})
    # A signature covers the body, and is for one service.
    assert refusal(api.call("/api", b'{"x": 1}', **good))[:2] == (403, "InvalidSignatureException")
    assert refusal(api.call("/api", b"{}", **signed(api, caller, "/api", "s3")))[:2] == (
        403,
        "InvalidSignatureException",
    )
    assert api.call("/items/1")[0] == 201


def test_an_authorizer_that_is_not_implemented_is_refused_by_name(engine: LiveEngine) -> None:
    body = {
        "openapi": "3.0.1",
        "info": {"title": "refused"},
        "components": {"securitySchemes": {"pool": {"type": "oauth2"}}},
        "paths": {},
    }
    with pytest.raises(ClientError, match="authorizer pool"):
        engine.client("apigateway").import_rest_api(body=json.dumps(body).encode())


def test_a_stack_makes_a_key_and_its_plan_and_takes_them_away_again(engine: LiveEngine) -> None:
    api = make_guarded_api(engine, "planned", KEY_SCHEME)
    gateway = engine.client("apigateway")
    plan = {
        "UsagePlanName": "planned",
        "ApiStages": [{"ApiId": api.id, "Stage": "Prod"}],
        "Throttle": {"BurstLimit": 5, "RateLimit": 7},
    }
    resources = {
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": "planned", "Enabled": True}},
        "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": plan},
        "Both": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            "Properties": {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
        },
    }

    def template() -> str:
        return json.dumps({"Resources": resources, "Outputs": {"Key": {"Value": {"Ref": "Key"}}}})

    stack = StackUser(engine, "planned")
    key_id = outputs(stack.create(template()))["Key"]
    value = gateway.get_api_key(apiKey=key_id, includeValue=True)["value"]
    eventually(lambda: api.call("/api", b"{}", X_Api_Key=value)[0] == 201)
    plan["Throttle"] = {"BurstLimit": 6, "RateLimit": 7}
    stack.update(template())
    (found,) = gateway.get_usage_plans(keyId=key_id)["items"]
    assert found["throttle"] == {"burstLimit": 6, "rateLimit": 7.0}
    stack.delete()
    assert key_id not in [key["id"] for key in gateway.get_api_keys()["items"]]
    eventually(lambda: api.call("/api", b"{}", X_Api_Key=value)[0] == 403)


def without_image(value: Any) -> Any:
    """The template as it is where the API function is no image."""
    if isinstance(value, dict):
        if "Fn::If" in value and value["Fn::If"][0] == "UseImage":
            return without_image(value["Fn::If"][2])
        return {key: without_image(item) for key, item in value.items()}
    return [without_image(item) for item in value] if isinstance(value, list) else value


def api_of_the_project(function_role: str) -> str:
    """The API of the production template, before a function that answers anything."""
    template = read_template((PROJECT / "assets" / "deploy-model-prd.yml").read_text())
    names = ("Api", "ApiKey", "ApiUsagePlan", "ApiUsagePlanKey", "ApiPermission")
    kept = {name: template["Resources"][name] for name in names}
    kept["ApiZipFunction"] = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "InlineCode": SOURCE,
            "Role": function_role,
            "AutoPublishAlias": "live",
        },
    }
    parameters = ("PipelineName", "ApiAuth", "ApiRequestsPerSecond", "ApiBurst")
    body = {
        **{name: template[name] for name in ("AWSTemplateFormatVersion", "Transform")},
        "Parameters": {name: template["Parameters"][name] for name in parameters},
        "Conditions": {name: template["Conditions"][name] for name in ("AsksForKey", "AsksForSignature")},
        "Resources": kept,
        "Outputs": {
            "ApiId": {"Value": {"Ref": "Api"}},
            "ApiKeyId": template["Outputs"]["ApiKeyId"],
        },
    }
    return json.dumps(without_image(body))


def test_the_projects_api_is_open_asks_for_a_key_or_for_a_signature_as_its_parameter_says(engine: LiveEngine) -> None:
    gateway = engine.client("apigateway")
    template = api_of_the_project(role(engine, "api-function"))
    stack = StackUser(engine, "project-api")

    def deploy(auth: str, is_new: bool = False) -> dict[str, str]:
        # SAM names a deployment by the second.
        second = int(time.time())
        eventually(lambda: int(time.time()) > second)
        settle = stack.create if is_new else stack.update
        settled = settle(template, {"PipelineName": "mls-demo", "ApiAuth": auth})
        assert settled["StackStatus"] == ("CREATE_COMPLETE" if is_new else "UPDATE_COMPLETE")
        return outputs(settled)

    api = Api(engine, deploy("NONE", is_new=True)["ApiId"])
    eventually(lambda: api.call("/api", b"{}")[0] == 201)
    stage = gateway.get_stage(restApiId=api.id, stageName="Prod")["methodSettings"]["*/*"]
    assert (stage["throttlingRateLimit"], stage["throttlingBurstLimit"]) == (1000.0, 500)

    key = gateway.get_api_key(apiKey=deploy("API_KEY")["ApiKeyId"], includeValue=True)["value"]
    eventually(lambda: api.call("/api", b"{}")[0] == 403)
    eventually(lambda: api.call("/api", b"{}", X_Api_Key=key)[0] == 201)
    # A browser asks first, without a key.
    assert api.call("/api", method="OPTIONS")[0] == 201

    assert "ApiKeyId" not in deploy("IAM")
    eventually(lambda: api.call("/api", b"{}", **signed(api, engine.client("sts"), "/api"))[0] == 201)
    assert api.call("/api", b"{}", X_Api_Key=key)[0] == 403
