"""A small world for inputs to be about: one or two of everything that the engine knows, made by its own operations."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml
from botocore.exceptions import ClientError

from mlsystem.engine.decide.errors import AwsError
from tests.functions import archive
from tests.fuzz import texts
from tests.fuzz.inside import Answer
from tests.fuzz.shapes import Known

# Requests by what is done with them: see the file.
WORLD: Mapping[str, Sequence[Mapping[str, Any]]] = yaml.safe_load((Path(__file__).parent / "world.yaml").read_text())
ACCOUNT = "000000000000"
OBJECTS = {
    "key": b"a,b\n1,2\n",
    "template.json": json.dumps(texts.SEEDS["templates"][0]).encode(),
    "source.zip": archive({"buildspec.yml": "version: 0.2"}),
    "a/b c": b"",
    "model.tar.gz": b"no archive",
}


class Asked(Protocol):
    """An engine, in this process or another one."""

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]: ...

    def ask(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


def make_world(engine: Asked, services: Container[str] | None = None) -> Known:
    """Those of some services, or of all. Raises AssertionError where the engine refuses one of them."""
    known = Known()
    for service, operation, request in _steps("made", services):
        _make(engine, known, service, operation, request)
    for key, body in OBJECTS.items():
        answer = engine.ask("PUT", f"/fuzz-bucket/{key.replace(' ', '%20')}", "", signed("s3"), body)
        assert answer.status == 200, (key, answer)
        version, tag = answer.headers.get("x-amz-version-id", ""), answer.headers.get("etag", "")
        known.learn({"Key": key, "Body": "x", "VersionId": version, "ETag": tag})
    for service, operation, request in _steps("made of answers", services):
        _make(engine, known, service, operation, {name: _filled(value, known) for name, value in request.items()})
    for service, operation, request in _steps("refused here", services):
        known.ask(service, operation, request)
    known.learn(
        {
            "ResourceARN": [
                f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/fuzz",
                f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:fuzz",
            ]
        }
    )
    return known


def _steps(part: str, services: Container[str] | None) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for step in WORLD[part]:
        service, _, operation = step["call"].partition(":")
        if services is None or service in services:
            yield service, operation, step["request"]


def _filled(value: Any, known: Known) -> Any:
    return known.values[value[1:-1]][0] if isinstance(value, str) and value.startswith("<") else value


def _make(engine: Asked, known: Known, service: str, operation: str, request: Mapping[str, Any]) -> None:
    try:
        answer = engine.call(service, operation, dict(request))
    except (AwsError, ClientError) as error:
        raise AssertionError(f"{service}:{operation} of the world to fuzz is refused: {error}") from error
    known.ask(service, operation, request)
    known.learn(answer)
    if operation == "ImportRestApi":
        known.learn({"restApiId": answer["id"]})


def signed(service: str) -> dict[str, str]:
    """Headers of a request that claims to be signed."""
    credential = f"AKIAFUZZ/20260501/us-east-1/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        "Host": "localhost",
    }
