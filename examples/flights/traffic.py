"""Live traffic: real flights, sent to the API over kept-alive connections at a steady pace, every answer written down."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from replay import Request, requests_of

MONTHS = range(2, 13)
VERSION_HEADER = "X-SageMaker-Endpoint"


@dataclass(frozen=True)
class Answer:
    """`started` and `ended` in seconds of the monotonic clock; `version` the endpoint that the handler's version asks."""

    started: float
    ended: float
    status: int
    version: str
    error: str = ""

    @property
    def has_failed(self) -> bool:
        return self.status >= 400 or self.status == 0


class Traffic:
    """`workers` connections that together send `per_second` requests, until `stop`."""

    def __init__(self, url: str, per_second: float, workers: int = 4):
        self._url = urlsplit(url)
        self._pause = workers / per_second
        self._requests = _endless()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._answers: list[Answer] = []
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(workers)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[Answer]:
        """All answers, in the order in which they came."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.answers()

    def answers(self) -> list[Answer]:
        with self._lock:
            return list(self._answers)

    def counts(self) -> Counter[str]:
        """Answers by version so far."""
        return Counter(answer.version for answer in self.answers())

    def _send_all(self) -> None:
        connection = self._connect()
        due = time.monotonic()
        try:
            while not self._stop.is_set():
                with self._lock:
                    request = next(self._requests)
                answer = self._send(connection, request)
                if answer.status == 0:
                    connection.close()
                    connection = self._connect()
                with self._lock:
                    self._answers.append(answer)
                due = max(due + self._pause, time.monotonic() - self._pause)
                self._stop.wait(max(0.0, due - time.monotonic()))
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        assert self._url.hostname is not None
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname, self._url.port, timeout=30)

    def _send(self, connection: http.client.HTTPConnection, request: Request) -> Answer:
        headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Inference-Id": request.inference_id}
        started = time.monotonic()
        try:
            connection.request("POST", self._url.path, request.body.encode(), headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(started, time.monotonic(), 0, "", repr(error))
        version = response.headers.get(VERSION_HEADER, "")
        error = body.decode(errors="replace")[:200] if response.status >= 400 else ""
        return Answer(started, time.monotonic(), response.status, version, error)


def _endless() -> Iterator[Request]:
    """The year over and over, each request with an id of its own."""
    for lap in itertools.count():
        for request in requests_of(MONTHS):
            yield Request(f"{request.inference_id}-{lap}-{time.time_ns():x}", request.body, request.labels)
