"""Small Lambda functions for tests."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from tests.live import LiveEngine
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
