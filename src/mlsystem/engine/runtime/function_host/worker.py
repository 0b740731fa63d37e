"""One execution environment: a runtime process, and the Lambda runtime API that it speaks to.

Each worker has a port of its own, so whoever asks there for the next invocation is known.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from .config import Config, Keys
from .http import Request, Response, serve
from .invocation import Invocation, Outcome, failure

API = "/2018-06-01/runtime/"
# Lambda gives a function ten seconds to start, and then once more its time limit.
INIT_SECONDS = 10.0
ACCEPTED = Response(202, (("Content-Type", "application/json"),), b'{"status":"OK"}')
GONE = Response(410)
PIECE_BYTES = 65536
GONE_FILE = -1
_PEAK = re.compile(rb"^VmHWM:\s*([0-9]+)", re.MULTILINE)


class Worker:
    """`on_ready(worker)` is called once, when it asks for its first invocation; `on_end(worker, why)` once, when its process is dead.

    `why` is how its start failed, None when it had started.
    """

    def __init__(
        self,
        config: Config,
        keys: Keys,
        write: Callable[..., None],
        on_ready: Callable[[Worker], None],
        on_end: Callable[[Worker, Outcome | None], None],
    ):
        self.keys = keys
        self.idle_since = time.monotonic()
        self.init_seconds: float | None = None
        self._config = config
        self._write = write
        self._on_ready = on_ready
        self._on_end = on_end
        self.is_killed = False
        self._is_over = False
        self._is_ready = False
        self._init_failure: Outcome | None = None
        self._wanted: asyncio.Event = asyncio.Event()
        self._current: Invocation | None = None
        self._future: asyncio.Future[Outcome] | None = None
        self._lines: list[str] = []
        self._rest = b""
        self._began = time.monotonic()
        self._deadline_ms = 0

    async def start(self) -> None:
        """Returns when the process runs."""
        self._server = await asyncio.start_server(
            lambda reader, writer: serve(reader, writer, self._answer), "127.0.0.1", 0, limit=2**18
        )
        port = self._server.sockets[0].getsockname()[1]
        environment = {
            **self._config.environment,
            **self.keys.environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        }
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(writing, True)
        self._output = reading
        try:
            self._process = subprocess.Popen(
                self._config.argv,
                cwd=self._config.working_directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except OSError as error:
            os.close(reading)
            self._server.close()
            reason = f"Error: fork/exec {self._config.argv[0]}: {error.strerror}"
            self._on_end(self, failure("Runtime.InvalidEntrypoint", reason))
            return
        finally:
            os.close(writing)
        loop = asyncio.get_running_loop()
        self._pidfd = os.pidfd_open(self._process.pid)
        self._status = os.open(f"/proc/{self._process.pid}/status", os.O_RDONLY | os.O_CLOEXEC)
        loop.add_reader(self._pidfd, self._ended)
        loop.add_reader(self._output, self._read)
        self._init_timer = loop.call_later(INIT_SECONDS + self._config.timeout_seconds, self._start_too_slow)

    async def run(self, invocation: Invocation) -> Outcome:
        """Have the process work on one invocation; it is dead afterwards when that took too long."""
        self._lines = []
        self._future = asyncio.get_running_loop().create_future()
        self._deadline_ms = int((time.time() + self._config.timeout_seconds) * 1000)
        self._current = invocation
        self._wanted.set()
        try:
            outcome = await asyncio.wait_for(asyncio.shield(self._future), self._config.timeout_seconds)
        except TimeoutError:
            seconds = f"{self._config.timeout_seconds:.2f}"
            words = f"RequestId: {invocation.request_id} Error: Task timed out after {seconds} seconds"
            outcome = failure("Sandbox.Timedout", words, "timed_out")
            self._future.cancel()
            self.kill()
        self._read()
        outcome.tail = self._lines
        self._current, self._future = None, None
        self.idle_since = time.monotonic()
        return outcome

    def kill(self) -> None:
        """The process and whatever it started."""
        self.is_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def peak_mb(self) -> int:
        """The most memory that its process ever held."""
        with suppress(OSError):
            if found := _PEAK.search(os.pread(self._status, PIECE_BYTES, 0)):
                return int(found[1]) // 1024
        return 0

    # ------------------------------------------------------------------ the runtime API
    async def _answer(self, request: Request) -> Response:
        path = request.target.removeprefix(API)
        if path == "invocation/next" and request.method == "GET":
            return await self._next()
        if path == "init/error":
            self._init_failure = Outcome("error", request.body)
            return ACCEPTED
        _, _, rest = path.partition("invocation/")
        request_id, _, what = rest.partition("/")
        if self._current is None or self._future is None or request_id != self._current.request_id:
            return _refusal(400, "InvalidRequestID", f"{request_id} is not the request that is being worked on")
        if self._future.done():
            return ACCEPTED
        match what:
            case "response":
                self._future.set_result(Outcome("ok", request.body))
            case "error":
                self._future.set_result(Outcome("error", request.body))
            case _:
                return _refusal(404, "ResourceNotFound", f"the runtime API has no {request.target}")
        return ACCEPTED

    async def _next(self) -> Response:
        if not self._is_ready:
            self._is_ready = True
            self.init_seconds = time.monotonic() - self._began
            self._init_timer.cancel()
            self._on_ready(self)
        await self._wanted.wait()
        self._wanted.clear()
        invocation = self._current
        if invocation is None:
            return GONE
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(self._deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.arn),
            ("Lambda-Runtime-Trace-Id", invocation.trace_id or "Root=1-00000000-000000000000000000000000;Sampled=0"),
        ]
        if invocation.client_context is not None:
            headers.append(("Lambda-Runtime-Client-Context", invocation.client_context))
        return Response(200, tuple(headers), invocation.payload)

    # ------------------------------------------------------------------ the process
    def _start_too_slow(self) -> None:
        self._init_failure = failure("Sandbox.Timedout", "Error: the function did not start in time", "timed_out")
        self.kill()

    def _read(self) -> None:
        """Take in what the process has written; called by the loop and before an invocation is closed."""
        if self._is_over:
            return
        with suppress(BlockingIOError):
            while piece := os.read(self._output, PIECE_BYTES):
                *lines, self._rest = (self._rest + piece).split(b"\n")
                self._take(*lines)
            asyncio.get_running_loop().remove_reader(self._output)

    def _take(self, *lines: bytes) -> None:
        texts = [line.decode(errors="replace") for line in lines]
        if texts:
            self._write(*texts)
        if self._current is not None:
            self._lines += texts

    def _ended(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        status = self._process.wait()
        self._read()
        self._is_over = True
        if self._rest:
            self._take(self._rest)
        loop.remove_reader(self._output)
        for descriptor in (self._pidfd, self._output, self._status):
            os.close(descriptor)
        self._status = GONE_FILE
        self._init_timer.cancel()
        self._server.close()
        self._wanted.set()  # who asked for the next invocation waits no longer
        if self._future is not None and not self._future.done():
            self._future.set_result(self._exit_failure(status))
        why = None if self._is_ready else self._init_failure or self._exit_failure(status)
        self._on_end(self, why)

    def _exit_failure(self, status: int) -> Outcome:
        prefix = f"RequestId: {self._current.request_id} " if self._current is not None else ""
        if status < 0:
            return failure(
                "Runtime.ExitError", f"{prefix}Error: Runtime exited with error: signal: {_signal_name(-status)}"
            )
        how = f"with error: exit status {status}" if status else "without providing a reason"
        return failure("Runtime.ExitError", f"{prefix}Error: Runtime exited {how}")


def _signal_name(number: int) -> str:
    words = {
        int(signal.SIGKILL): "killed",
        int(signal.SIGSEGV): "segmentation fault",
        int(signal.SIGTERM): "terminated",
    }
    return words.get(number, str(number))


def _refusal(status: int, kind: str, message: str) -> Response:
    body = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return Response(status, (("Content-Type", "application/json"),), body)
