"""A small inference image for batch transform jobs, and what is needed to run them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role

# Answers each line of CSV with the sum of its numbers, each line of JSON with that of its features. Words in a line make it do otherwise.
SERVE = """#!/usr/bin/env python3
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
print("the model is loaded", flush=True)
if os.environ.get("MODE") == "exit":
    print("the model cannot be loaded: column carrier is missing", flush=True)
    sys.exit(3)
def total(line):
    if line.startswith("{"):
        return json.dumps({"score": sum(json.loads(line)["features"])})
    return str(sum(map(float, line.split(","))))
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def answer(self, status, body, kind="text/csv"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/execution-parameters":
            given = os.environ.get("PARAMETERS", "")
            return self.answer(200 if given else 404, given.encode(), "application/json")
        self.answer(503 if os.environ.get("MODE") == "mute" else 200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if "crash" in body:
            print("out of memory in layer 7", flush=True)
            os._exit(9)
        if "garble" in body:
            self.wfile.write(b"no HTTP at all\\r\\n\\r\\n")
            self.close_connection = True
            return
        if "wait" in body:
            print("waiting", flush=True)
            time.sleep(600)
        if "slow" in body:
            print("slowly", flush=True)
            time.sleep(1)
            return self.answer(200, b"done")
        if "context" in body:
            return self.answer(200, json.dumps({**os.environ, **self.headers}).encode(), "application/json")
        if "bad" in body:
            return self.answer(500, b"no such carrier")
        kind = self.headers.get("accept") or self.headers.get("content-type") or "text/csv"
        self.answer(200, "\\n".join(map(total, body.splitlines())).encode(), kind)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


class Transforms:
    """A bucket, an image and its models; jobs with unique names."""

    def __init__(self, engine: LiveEngine, home: str | None = None):
        self.engine = engine
        self.home = home or f"transform-{uuid.uuid4().hex[:8]}"
        self.s3 = engine.client("s3")
        self.sagemaker = engine.client("sagemaker")
        self.image = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/{self.home}:latest"

    def prepare(self) -> Transforms:
        self.s3.create_bucket(Bucket=self.home)
        push_image(self.engine, self.home, {"/opt/program/serve": SERVE})
        return self

    def model(self, name: str | None = None, image: str | None = None, **environment: str) -> str:
        name = name or f"model-{uuid.uuid4().hex[:8]}"
        container = {"Image": image or self.image, "Environment": {"COLOUR": "green", **environment}}
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role(self.engine, "server")
        )
        return name

    def put(self, **objects: bytes) -> str:
        """Objects below a prefix of their own, which is returned; `__` in a name is a slash, `_` a full stop."""
        prefix = f"in-{uuid.uuid4().hex[:8]}/"
        for name, content in objects.items():
            key = prefix + name.replace("__", "/").replace("_", ".")
            self.s3.put_object(Bucket=self.home, Key=key, Body=content)
        return f"s3://{self.home}/{prefix}"

    def start(self, uri: str, model: str | None = None, **changes: Any) -> str:
        """Lines of CSV, unless `TransformInput`, `TransformOutput` or others say otherwise."""
        name = str(changes.pop("TransformJobName", f"job-{uuid.uuid4().hex[:8]}"))
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
        given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"}
        output = {"S3OutputPath": f"s3://{self.home}/out/{name}", "AssembleWith": "Line"}
        request: dict[str, Any] = {
            "TransformJobName": name,
            "ModelName": model or self.model(),
            "ModelClientConfig": {"InvocationsMaxRetries": 0},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **changes,
            "TransformInput": {**given, **changes.get("TransformInput", {})},
            "TransformOutput": {**output, **changes.get("TransformOutput", {})},
        }
        self.sagemaker.create_transform_job(**request)
        return name

    def ended(self, name: str) -> dict[str, Any]:
        def ended() -> Any:
            job = self.sagemaker.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] not in ("InProgress", "Stopping") else None

        return dict(eventually(ended))

    def run(self, uri: str, model: str | None = None, **changes: Any) -> dict[str, Any]:
        return self.ended(self.start(uri, model, **changes))

    def outputs(self, name: str) -> Mapping[str, bytes]:
        """The objects of a job, by their keys below its output path."""
        prefix = f"out/{name}/"
        found = self.s3.list_objects_v2(Bucket=self.home, Prefix=prefix).get("Contents", ())
        return {
            item["Key"].removeprefix(prefix): self.s3.get_object(Bucket=self.home, Key=item["Key"])["Body"].read()
            for item in found
        }
