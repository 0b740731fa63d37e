"""A collector that takes traces by OTLP over HTTP, and keeps their spans."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan


@dataclass(frozen=True)
class Span:
    """Ids in hexadecimal; `parent` is empty for the first of a trace that nobody else began."""

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    attributes: dict[str, str]
    service: str


class Collector:
    """Use it as a context."""

    def __init__(self) -> None:
        received: list[Span] = []
        self.spans = received
        self.paths: set[str] = set()
        paths = self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = b"".join(self.chunks())
                assert self.headers["content-type"] == "application/x-protobuf"
                paths.add(self.path)
                received.extend(spans_of(ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def chunks(self) -> Iterator[bytes]:
                """Envoy sends no Content-Length."""
                assert self.headers["transfer-encoding"] == "chunked"
                while size := int(self.rfile.readline(), 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Collector:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nobody is there any more; may be called again."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def of_trace(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]


def spans_of(request: ExportTraceServiceRequest) -> Iterable[Span]:
    for resource in request.resource_spans:
        [service] = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    name=span.name,
                    kind=OtlpSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    attributes={one.key: one.value.string_value for one in span.attributes},
                    service=service,
                )
