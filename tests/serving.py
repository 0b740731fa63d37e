"""A small inference image and what is needed to put it in service, for tests of endpoints."""

from __future__ import annotations

import io
import os
import signal
import tarfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.engine.runtime.shim.record import lock_holder
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role

A = TypeVar("A")

# Answers with the model's word, its own pid and what it was sent. Requests under way are finished before it ends.
SERVE = """#!/usr/bin/env python3
import json, os, pathlib, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
if not sys.argv[0].endswith("/serve"):
    sys.exit("not started with serve")
if os.environ.get("MODE") == "fail":
    print("the model cannot be loaded: column carrier is missing", flush=True)
    sys.exit(3)
word = (pathlib.Path("/opt/ml/model/word.txt")).read_text()
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def answer(self, status, body, kind="text/plain"):
        self.send_response_only(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if body == b"crash":
            os._exit(9)
        if body.startswith(b"sleep"):
            time.sleep(float(body.split()[1]))
        if body == b"fail":
            return self.answer(500, b"no such feature")
        if body == b"context":
            told = {n: v for n, v in self.headers.items()}
            told.update(os.environ)
            try:
                pathlib.Path("/opt/ml/model/new").write_text("x")
                told["writable"] = True
            except OSError:
                told["writable"] = False
            return self.answer(200, json.dumps(told).encode(), "application/json")
        self.answer(200, f"{word},{os.environ.get('VERSION', '1')},{body.decode()}".encode(), "text/csv")
print("serving", word, flush=True)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


def push_server(engine: LiveEngine, name: str) -> str:
    """The image that serves, with a bucket of its name that holds model.tar.gz."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=archive("hello"))
    return push_image(engine, name, {"/opt/program/serve": SERVE})


def archive(word: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo("word.txt")
        member.size = len(word)
        tar.addfile(member, io.BytesIO(word.encode()))
    return stream.getvalue()


class Serving:
    """Makes models, configurations and endpoints with unique names."""

    def __init__(self, engine: LiveEngine, home: str | None = None):
        self.engine = engine
        self.home = home or f"serving-{uuid.uuid4().hex[:8]}"
        self.image = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/{self.home}:latest"
        if home is None:
            push_server(engine, self.home)

    @property
    def sagemaker(self) -> Any:
        return self.engine.client("sagemaker")

    @property
    def runtime(self) -> Any:
        return self.engine.client("sagemaker-runtime")

    def model(self, version: str = "1", **environment: str) -> str:
        name = f"model-{uuid.uuid4().hex[:8]}"
        container = {
            "Image": self.image,
            "ModelDataUrl": f"s3://{self.home}/model.tar.gz",
            "Environment": {"VERSION": version, **environment},
        }
        server = role(self.engine, "server")
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=server)
        return name

    def config(self, *variants: Mapping[str, Any], **members: Any) -> str:
        """Each variant: Name, ModelName, and what differs from one instance of weight 1."""
        name = f"config-{uuid.uuid4().hex[:8]}"
        shape = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "VariantName": "AllTraffic"}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**shape, **variant} for variant in variants], **members
        )
        return name

    def simple_config(self, version: str = "1", count: int = 1, **members: Any) -> str:
        return self.config({"ModelName": self.model(version), "InitialInstanceCount": count}, **members)

    def endpoint(self, config: str) -> str:
        """In service."""
        name = f"endpoint-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        found = self.await_settled(name)
        assert found["EndpointStatus"] == "InService", found["FailureReason"]
        return name

    def await_settled(self, name: str) -> dict[str, Any]:
        """Its description, once nothing is on its way."""

        def settled() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return found if found["EndpointStatus"] in ("InService", "Failed") else None

        return dict(eventually(settled))

    def delete(self, name: str) -> None:
        self.sagemaker.delete_endpoint(EndpointName=name)
        eventually(lambda: self.is_gone(name))

    def is_gone(self, name: str) -> bool:
        try:
            self.sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            return str(error.response["Error"]["Code"]) == "ValidationException"
        return False

    def invoke(self, name: str, body: bytes | str = b"1,2", **members: Any) -> str:
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv", **members)
        return str(answer["Body"].read().decode())

    def processes(self, name: str) -> list[str]:
        """The processes of an endpoint's instances that run, by their ids."""
        folder = self.engine.folder / "processes"
        found = [path.parent.name for path in folder.glob(f"endpoint-instance.{name}.*/lock")]
        living = {path.parent.name for path in self.engine.living_processes()}
        return sorted(one for one in found if one in living)

    def kill(self, process_id: str) -> None:
        """One of `processes`, with all of its program."""
        pid = lock_holder(str(self.engine.folder / "processes" / process_id / "lock"))
        assert pid is not None, f"{process_id} does not run"
        os.kill(pid, signal.SIGKILL)

    def instance_count(self, name: str) -> int:
        """How many instances serve, of an endpoint with one variant."""
        [variant] = self.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        return int(variant["CurrentInstanceCount"])


class Load(Generic[A]):
    """Asks all the time from a thread, with a pause in between, and keeps answers and failures."""

    def __init__(self, ask: Callable[[], A], pause_seconds: float = 0.0):
        self._ask = ask
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self.answers: list[A] = []
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load[A]:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._pause_seconds):
            try:
                self.answers.append(self._ask())
            except (ClientError, BotoCoreError, HTTPException, OSError) as error:
                self.failures.append(f"{time.time():.3f} {error}")


class SteadyLoad:
    """One keep-alive connection that asks so many times a second; of each request its moment and the version that answered.

    `version_of` reads it from an answer and its body; every request that was sent is in `answers` or in `failures`.
    """

    def __init__(
        self,
        live: LiveEngine,
        path: str,
        per_second: float = 200.0,
        version_of: Callable[[HTTPResponse, str], str] = lambda _, body: body.split(",")[1],
    ):
        self.per_second = per_second
        self._address = live.url.removeprefix("http://")
        self._path = path
        self._version_of = version_of
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers: list[tuple[float, str]] = []
        self.failures: list[str] = []

    @classmethod
    def on_endpoint(cls, live: LiveEngine, endpoint: str, per_second: float = 200.0) -> SteadyLoad:
        return cls(live, f"/endpoints/{endpoint}/invocations", per_second)

    def __enter__(self) -> SteadyLoad:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def counted(self, since: float, until: float) -> Counter[str]:
        """The answers to what was sent in between, by version."""
        return Counter(version for at, version in self.answers if since <= at <= until)

    def _run(self) -> None:
        connection = HTTPConnection(self._address, timeout=30)
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            at = time.monotonic()
            # What it is behind with is not made up for.
            due = max(due, at) + 1 / self.per_second
            try:
                connection.request("POST", self._path, b"7", {"content-type": "text/csv"})
                answer = connection.getresponse()
                body = answer.read().decode()
            except (HTTPException, OSError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                connection.close()
                continue
            if answer.status == 200:
                self.answers.append((at, self._version_of(answer, body)))
            else:
                self.failures.append(f"{answer.status} {body}")
        connection.close()
