"""Steady traffic to the API over kept-alive connections, every answer written down."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

VERSION_HEADER = "X-SageMaker-Endpoint"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"


@dataclass(frozen=True)
class Query:
    """A request to the API: rows of CSV."""

    inference_id: str
    body: str


@dataclass(frozen=True)
class Answer:
    """`started` and `ended` in seconds of the monotonic clock; `version` the endpoint that the handler's version asks.

    `status` 0: there was no answer.
    """

    query: Query
    started: float
    ended: float
    status: int
    version: str
    body: str = ""

    @property
    def has_failed(self) -> bool:
        return self.status >= 400 or self.status == 0

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class Traffic:
    """`workers` connections that together send `per_second` of the queries, until `stop` or the last one."""

    def __init__(
        self,
        url: str,
        queries: Iterator[Query],
        per_second: float,
        workers: int = 4,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ):
        self._url = urlsplit(url)
        self._tls = tls
        self._queries = queries
        self._pause = workers / per_second
        self._headers = {"Content-Type": "text/csv", "Accept": "text/csv", **(headers or {})}
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
        return self.finish()

    def finish(self) -> list[Answer]:
        """All answers, when the last query has been answered."""
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
                    query = next(self._queries, None)
                if query is None:
                    break
                answer = self._send(connection, query)
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
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(self._url.hostname, self._url.port, timeout=30, context=self._tls)
        return http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=30)

    def _send(self, connection: http.client.HTTPConnection, query: Query) -> Answer:
        started = time.monotonic()
        try:
            headers = {**self._headers, INFERENCE_ID: query.inference_id}
            connection.request("POST", self._url.path, query.body.encode(), headers)
            response = connection.getresponse()
            body = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return Answer(query, started, time.monotonic(), 0, "", repr(error))
        version = response.headers.get(VERSION_HEADER, "")
        return Answer(query, started, time.monotonic(), response.status, version, body)
