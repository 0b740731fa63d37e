"""The client against a container: order, limits, retries, and what becomes of an object that fails."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from mlsystem.engine.runtime.batch_client.config import (
    MEGABYTE,
    Config,
    Failure,
    Source,
    read_config,
    read_result,
    write_config,
    write_result,
)
from mlsystem.engine.runtime.batch_client.container import Container
from mlsystem.engine.runtime.batch_client.transform import Transform

Answer = Callable[[bytes], tuple[int, bytes]]


class Model:
    """A container: answers by `answer`, and remembers what it was sent."""

    def __init__(self, answer: Answer, parameters: object = None):
        self.answer = answer
        self.parameters = parameters
        self.requests: list[tuple[bytes, dict[str, str]]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.lock = threading.Lock()

    @contextmanager
    def request(self, body: bytes, headers: dict[str, str]) -> Iterator[None]:
        with self.lock:
            self.requests.append((body, headers))
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1


def _handler(model: Model) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def address_string(self) -> str:
            return "unix"

        def do_GET(self) -> None:
            self._respond(200 if model.parameters else 404, json.dumps(model.parameters).encode())

        def do_POST(self) -> None:
            body = self._body()
            with model.request(body, {name.lower(): value for name, value in self.headers.items()}):
                self._respond(*model.answer(body))

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers["content-length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def _respond(self, status: int, body: bytes) -> None:
            with suppress(BrokenPipeError):  # who waited too long has gone
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    return Handler


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class Bench:
    """One run of the client on objects of a test's own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.said: list[str] = []
        self.pauses: list[float] = []

    def run(self, model: Model, *contents: bytes, **members: Any) -> tuple[list[bytes | None], list[Failure]]:
        """Outputs in the order of the objects, None for one that failed; and the failures."""
        for number, content in enumerate(contents):
            (self.folder / f"in{number}").write_bytes(content)
        names = range(len(contents))
        sources = [Source(f"b/{n}", str(self.folder / f"in{n}"), str(self.folder / f"out{n}")) for n in names]
        config = replace(_config(self.folder, sources), **members)
        server = _Server(config.socket, _handler(model))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            result = Transform(config, Container(config, self.pauses.append), self.said.append).run()
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            Path(config.socket).unlink()
        assert result.count == len(contents)
        assert list(self.folder.glob("*.part")) == []
        places = [Path(source.output) for source in sources]
        return [place.read_bytes() if place.exists() else None for place in places], result.failures


def _config(folder: Path, sources: list[Source]) -> Config:
    return Config(
        socket=str(folder / "s"),
        result=str(folder / "result.json"),
        sources=sources,
        content_type="text/csv",
        accept="",
        is_gzip=False,
        is_split=True,
        is_assembled_by_line=True,
        strategy="SINGLE_RECORD",
        max_concurrent=1,
        max_payload_mb=1,
        timeout_seconds=20.0,
        max_retries=0,
        input_filter="$",
        output_filter="$",
        is_joined=False,
    )


@pytest.fixture
def bench() -> Iterator[Bench]:
    """In a folder with a short name: the path of a Unix socket must fit into 107 bytes."""
    with TemporaryDirectory(prefix="batch") as folder:
        yield Bench(Path(folder))


def _upper(body: bytes) -> tuple[int, bytes]:
    return 200, body.upper()


def test_answers_come_in_the_order_of_the_records_however_long_each_takes(bench: Bench) -> None:
    both = threading.Barrier(4)

    def together(body: bytes) -> tuple[int, bytes]:
        both.wait(timeout=20)
        return 200, body.upper()

    model = Model(together)
    outputs, failures = bench.run(model, b"a\nb\nc\nd\ne\nf\n", b"g\nh\n", max_concurrent=4)
    assert (outputs, failures) == ([b"A\nB\nC\nD\nE\nF\n", b"G\nH\n"], [])
    assert model.most_under_way == 4


def test_the_container_says_what_the_job_does_not(bench: Bench) -> None:
    said = {"MaxConcurrentTransforms": 2, "MaxPayloadInMB": 3, "BatchStrategy": "MULTI_RECORD"}
    own = {"strategy": None, "max_concurrent": None, "max_payload_mb": None}
    model = Model(_upper, said)
    assert bench.run(model, b"a\nb\n", **own)[0] == [b"A\nB\n"]
    assert [body for body, _ in model.requests] == [b"a\nb"]
    bench.run(Model(_upper), b"a\n", **own)
    assert bench.said == [
        "MaxConcurrentTransforms=2, MaxPayloadInMB=3, BatchStrategy=MULTI_RECORD",
        "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD",
    ]


def test_parameters_that_are_none_fail_the_job(bench: Bench) -> None:
    _, failures = bench.run(Model(_upper, {"MaxConcurrentTransforms": "many"}), b"a\n", max_concurrent=None)
    assert [failure.name for failure in failures] == ["execution-parameters"]


def test_without_a_limit_a_payload_is_sent_in_chunks(bench: Bench) -> None:
    model = Model(lambda body: (200, str(len(body)).encode()))
    content = b"x" * (2 * MEGABYTE + 1)
    outputs, _ = bench.run(model, content, max_payload_mb=0, is_split=False, is_assembled_by_line=False)
    assert outputs == [str(len(content)).encode()]
    assert model.requests[0][1]["transfer-encoding"] == "chunked"


def test_answers_are_put_together_as_they_are_or_by_lines(bench: Bench) -> None:
    assert bench.run(Model(_upper), b"a\nb\n", is_assembled_by_line=False)[0] == [b"AB"]
    ended = Model(lambda body: (200, body + b"\n"))
    assert bench.run(ended, b"a\nb\n")[0] == [b"a\nb\n"]
    joined = {"is_assembled_by_line": False, "is_joined": True}
    assert bench.run(Model(_upper), b"a\nb\n", **joined)[0] == [b"a,A\nb,B\n"]


def test_an_object_that_fails_leaves_nothing_and_the_others_go_on(bench: Bench) -> None:
    def answer(body: bytes) -> tuple[int, bytes]:
        return (500, b"no such\ncarrier") if body == b"bad" else (200, body)

    outputs, failures = bench.run(Model(answer), b"a\nbad\nc\n", b"d\n", b"")
    assert outputs == [None, b"d\n", b""]
    assert failures == [Failure("b/0", "Bad HTTP status received from algorithm: 500\nno such\ncarrier")]
    assert bench.said[1:] == [
        "b/0: Bad HTTP status received from algorithm: 500",
        "b/0: no such",
        "b/0: carrier",
    ]


def test_an_error_is_tried_again_as_often_as_the_job_says(bench: Bench) -> None:
    left = [503, 429, 200]
    outputs, _ = bench.run(Model(lambda body: (left.pop(0), body)), b"a\n", max_retries=2)
    assert (outputs, len(bench.pauses)) == ([b"a\n"], 2)
    refusing = Model(lambda body: (400, b"no"))
    assert bench.run(refusing, b"a\n", max_retries=3)[1][0].reason.startswith("Bad HTTP status")
    assert len(refusing.requests) == 1


def test_a_container_that_is_late_gave_no_answer(bench: Bench) -> None:
    never = threading.Event()
    late = Model(lambda body: (200, str(never.wait(2)).encode()))
    _, failures = bench.run(late, b"a\n", timeout_seconds=0.2)
    never.set()
    assert failures[0].reason.startswith("Unable to get response from algorithm")


def test_what_the_engine_writes_the_client_reads(tmp_path: Path) -> None:
    config = _config(tmp_path, [Source("b/k", "/in", "/out")])
    write_config(tmp_path / "config.json", config)
    assert read_config(tmp_path / "config.json") == config
    assert read_result(tmp_path / "result.json") is None
    write_result(tmp_path / "result.json", Transform(replace(config, sources=[]), Container(config), print).run())
    assert read_result(tmp_path / "result.json") is not None
