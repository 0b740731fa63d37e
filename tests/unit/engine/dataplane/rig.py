"""A real front door for tests: Envoy in a folder of its own, real HTTP servers on Unix sockets behind it, clients in front."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.config import Config

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.errors import ConfigRejected
from mlsystem.engine.dataplane.state import Door, State
from mlsystem.engine.decide.arn import Scope
from tests.ports import free_port

SCOPE = Scope("123456789012", "eu-west-1")
LINE_DEADLINE_SECONDS = 30.0


@dataclass(frozen=True)
class Seen:
    """A request as a server behind the door saw it; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a server answers. `chunks`, if any, are sent one by one, chunked, instead of `body`."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/csv"})
    chunks: Iterator[bytes] | None = None


class Upstream:
    """An HTTP server on a Unix socket, a thread a connection."""

    def __init__(self, path: Path, answer: Callable[[Seen], Answer] | bytes = b"ok"):
        self.path = str(path)
        self.seen: list[Seen] = []
        self.counted_bytes = 0
        self.answer = answer if callable(answer) else (lambda _: Answer(body=answer))
        # Bodies are only counted, not kept, once this is set.
        self.is_counting = False
        self._server = _Server(self.path, _Handler)
        self._server.upstream = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection, as a killed process does; the socket file stays."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128
    upstream: Upstream

    def __init__(self, path: str, handler: type[BaseHTTPRequestHandler]):
        Path(path).unlink(missing_ok=True)
        self._connections: set[socket.socket] = set()
        super().__init__(path, cast(Any, handler))

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that are cut in the middle are what some tests are about."""

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        upstream: Upstream = self.server.upstream
        seen = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self._body(upstream))
        upstream.seen.append(seen)
        self._send(upstream.answer(seen))

    def address_string(self) -> str:
        return "unix"

    def _body(self, upstream: Upstream) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return b"".join(self._chunks())
        left = int(self.headers.get("content-length", 0))
        if not upstream.is_counting:
            return self.rfile.read(left)
        while left:
            read = len(self.rfile.read(min(left, 1 << 20)))
            upstream.counted_bytes += read
            left -= read
        return b""

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunks is None:
            if "content-length" not in answer.headers:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body if self.command != "HEAD" else b"")
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in answer.chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")


@dataclass(frozen=True)
class Reply:
    """What a client got; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class UnixClient(http.client.HTTPConnection):
    """An HTTP client on a Unix socket."""

    def __init__(self, path: str):
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


class Rig:
    """One door and its surroundings; `close` ends all of it."""

    def __init__(self) -> None:
        self._cleanup = ExitStack()
        # Short, because sockets live in it.
        self.folder = Path(tempfile.mkdtemp(prefix="door-"))
        self._cleanup.callback(shutil.rmtree, self.folder)
        self.plane = DataPlane(self.folder / "d", flush_milliseconds=50)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = self.folder / "envoy.log"
        self.control = self.upstream("control", b"control plane")
        self.door = Door(SCOPE, free_port(), self.control.path)
        self._cleanup.callback(self.stop)

    def upstream(self, name: str, answer: Callable[[Seen], Answer] | bytes = b"ok") -> Upstream:
        made = Upstream(self.folder / f"{name}.sock", answer)
        self._cleanup.callback(made.close)
        return made

    def serve(self, state: State) -> None:
        """Apply; start Envoy where it does not run; return once it is in effect. Raises ConfigRejected, with its log."""
        self.plane.apply(state)
        if self.process is None:
            self.start()
        try:
            self.plane.wait_applied()
        except ConfigRejected as error:
            error.add_note(self.log.read_text()[-2000:])
            raise

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.plane.command(), stdout=log, stderr=log, cwd=self.folder)
        self.plane.wait_ready()

    def stop(self) -> None:
        self._end("terminate")

    def kill(self) -> None:
        self._end("kill")

    def _end(self, how: str) -> None:
        if self.process is not None:
            getattr(self.process, how)()
            self.process.wait(10)
            self.process = None

    def connect(self, socket_path: str | None = None) -> http.client.HTTPConnection:
        if socket_path is not None:
            return UnixClient(socket_path)
        return http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=30)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        socket_path: str | None = None,
    ) -> Reply:
        connection = self.connect(socket_path)
        try:
            # A server that refuses a body answers while it is being sent, then hangs up: the answer counts.
            with suppress(ConnectionError):
                connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def invoke(self, endpoint: str, body: bytes = b"1,2", **headers: str) -> Reply:
        """An invocation; `target_variant="A"` becomes the header X-Amzn-SageMaker-Target-Variant."""
        sent = {f"x-amzn-sagemaker-{name.replace('_', '-')}": value for name, value in headers.items()}
        return self.request("POST", f"/endpoints/{endpoint}/invocations", body, {"content-type": "text/csv", **sent})

    def client(self, service: str) -> Any:
        """A boto3 client; retries are off."""
        make_client: Any = boto3.client
        return make_client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.door.port}",
            region_name=SCOPE.region,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def close(self) -> None:
        self._cleanup.close()


def await_true(condition: Callable[[], bool], what: str) -> None:
    """Poll until it holds; AssertionError naming `what` when it does not in time."""
    deadline = time.monotonic() + LINE_DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {LINE_DEADLINE_SECONDS:g} s: {what}"
        time.sleep(0.01)
