"""Small Lambda functions for tests."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from typing import Any

from tests.live import LiveEngine, eventually
from tests.roles import role


def archive(files: Mapping[str, str]) -> bytes:
    """A deployment package."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return stream.getvalue()


def make_function(engine: LiveEngine, name: str, source: str, **settings: Any) -> str:
    """A function from `app.py` with the handler `app.handler`, active; its ARN."""
    client = engine.client("lambda")
    if "Code" not in settings:
        settings = {
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Code": {"ZipFile": archive({"app.py": source})},
        } | settings
    made = client.create_function(FunctionName=name, Role=role(engine, "function"), **settings)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(made["FunctionArn"])


def change_code(engine: LiveEngine, name: str, source: str) -> str:
    """New code, published: the new version."""
    client = engine.client("lambda")
    client.update_function_code(FunctionName=name, ZipFile=archive({"app.py": source}))
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(client.publish_version(FunctionName=name)["Version"])


def let_invoke(engine: LiveEngine, function: str, service: str, source: str) -> None:
    """Let a service invoke a function for a resource: a topic, a rule."""
    engine.client("lambda").add_permission(
        FunctionName=function,
        StatementId=service,
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )


def invoke(engine: LiveEngine, name: str, event: object, **settings: Any) -> tuple[Any, dict[str, Any]]:
    """The answer, and all that came with it."""
    response = engine.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **settings)
    return json.loads(response["Payload"].read()), response


def make_api(engine: LiveEngine, name: str, function: str) -> str:
    """As `deploy_api`, once the function answers `{}`."""
    path = deploy_api(engine, name, function)
    eventually(lambda: _is_served(engine, path))
    return path


def deploy_api(engine: LiveEngine, name: str, function: str) -> str:
    """A REST API whose `POST /api` a function (or its alias, by ARN) answers; the path at the engine's address."""
    gateway = engine.client("apigateway")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    paths = {"/api": {"post": {"x-amazon-apigateway-integration": integration}}}
    body = {"openapi": "3.0.1", "info": {"title": name, "version": "1"}, "paths": paths}
    api = gateway.import_rest_api(body=json.dumps(body).encode())["id"]
    let_invoke(engine, function, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*")
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="Prod", deploymentId=deployment)
    return f"/_api/{api}/Prod/api"


def _is_served(engine: LiveEngine, path: str) -> bool:
    try:
        request = urllib.request.Request(engine.url + path, b"{}", {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30, context=engine.tls()) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False
