"""What is waited for of an instance comes to be known."""

from __future__ import annotations

import itertools
import queue
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer

import pytest

from mlsystem.engine.services.sagemaker import instance_watch
from mlsystem.engine.services.sagemaker.instance_watch import InstanceWatch


def test_what_could_not_be_told_is_told_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: queue.Queue[str] = queue.Queue()
    troubles = [OSError("no space left")]

    def tell() -> None:
        if troubles:
            raise troubles.pop()
        told.put("drained")

    watch = InstanceWatch()
    try:
        watch.until_drained("drain/i-1", tmp_path / "nobody.sock", tell)
        assert told.get(timeout=30) == "drained"
    finally:
        watch.stop()
    assert "no space left" in caplog.text


class Program:
    """Answers /ping on a Unix socket with a status, or not at all."""

    def __init__(self, path: Path):
        self.path = path
        self.status: int | None = 200
        program = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if program.status is None:
                    program.is_released.wait(30)
                    return
                self.send_response_only(program.status)
                self.end_headers()

            def address_string(self) -> str:
                return "unix"

        class Server(ThreadingMixIn, UnixStreamServer):
            daemon_threads = True

        self.is_released = threading.Event()
        self._server = Server(str(path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.is_released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.setattr(instance_watch, "ROUND_SECONDS", 0.02)
    monkeypatch.setattr(instance_watch, "PING_SECONDS", 0.2)
    made = Program(tmp_path / "program.sock")
    yield made
    made.close()


def _sick(path: Path, seconds: float) -> bool:
    """Whether it is called sick within so many seconds."""
    told = threading.Event()
    watch = InstanceWatch()
    try:
        watch.until_sick("sickness/i-1", path, told.set)
        return told.wait(seconds)
    finally:
        watch.stop()


def test_a_program_that_answers_is_not_sick(program: Program) -> None:
    assert not _sick(program.path, 0.5)


def test_a_program_that_refuses_again_and_again_is_sick(program: Program, tmp_path: Path) -> None:
    program.status = 503
    assert _sick(program.path, 30)
    assert _sick(tmp_path / "nobody.sock", 30)


def test_a_program_that_is_silent_may_be_busy_for_as_long_as_a_request_may_take(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.status = None
    assert not _sick(program.path, 0.9)
    monkeypatch.setattr(instance_watch, "LONGEST_SILENCE_SECONDS", 0.5)
    assert _sick(program.path, 30)


def test_a_program_before_which_others_wait_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_watch, "ROUND_SECONDS", 0.02)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(str(tmp_path / "busy.sock"))
        listener.listen(0)
        waiting.connect(str(tmp_path / "busy.sock"))
        assert not _sick(tmp_path / "busy.sock", 0.5)


def test_a_program_that_refuses_now_and_then_is_not_sick(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = itertools.cycle([503, 500, 200])
    monkeypatch.setattr(instance_watch, "_asked", lambda _: next(statuses))
    assert not _sick(program.path, 0.5)
