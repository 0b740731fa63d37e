"""What Lambda does around a handler that awslambdaric runs: its Runtime API, as a small server."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 30
INVOCATION = {  # the headers without which awslambdaric's client ends in a segmentation fault
    "Content-Type": "application/json",
    "Lambda-Runtime-Aws-Request-Id": "r-1",
    "Lambda-Runtime-Deadline-Ms": "9999999999999",
    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:mls-flights-api:7",
}
# Status, body and headers of an answer to InvokeEndpoint, from the body and headers of the request.
InvokeEndpoint = Callable[[bytes, Any], tuple[int, bytes, dict[str, str]]]


class LambdaService:
    """One invocation at a time, and its result or its error. `invoke_endpoint` plays SageMaker, for a handler that asks it."""

    def __init__(self, invoke_endpoint: InvokeEndpoint | None = None) -> None:
        self.invoke_endpoint = invoke_endpoint
        self.invocations: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.outcomes: queue.Queue[tuple[str, Any]] = queue.Queue()

    def invoke(self, event: dict[str, Any]) -> tuple[str, Any]:
        """("response", the answer) or ("error", Lambda's error)."""
        self.invocations.put(event)
        return self.outcomes.get(timeout=SECONDS)


@contextmanager
def http_server(service: LambdaService) -> Iterator[int]:
    """Its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            event = service.invocations.get()
            self._answer(200 if event else 500, json.dumps(event).encode(), INVOCATION)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/endpoints/"):
                assert service.invoke_endpoint is not None
                self._answer(*service.invoke_endpoint(body, self.headers))
            else:
                service.outcomes.put((self.path.rpartition("/")[2], json.loads(body)))
                self._answer(202, b"{}", {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
