"""Waits for what only looking can tell of an instance: that it answers /ping, or does not any more, and that nobody is connected to it.

What is waited for is no state of its own: after a restart of the engine it follows from the instances' phases.
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mlsystem.engine.runtime.batch_client.connection import UnixConnection

log = logging.getLogger(__name__)

# SageMaker's limit for an answer to /ping.
PING_SECONDS = 2.0
# Between two looks: a share of the time waited so far, by which what is waited for is noticed late.
FIRST_PAUSE_SECONDS = 0.02
PAUSE_SHARE = 0.1
LONGEST_PAUSE_SECONDS = 0.5
# Longer than any request may take (the endpoint's 60 s): a connection that is open still is nobody's.
LONGEST_DRAIN_SECONDS = 65.0
_CONNECTED = "03"
# How often an instance that serves is asked, and after how many refusals in a row it is sick. One that does not answer in time may be
# busy with a request, so it is given as long as the longest one may take.
ROUND_SECONDS = 2.0
MOST_REFUSALS = 3
LONGEST_SILENCE_SECONDS = LONGEST_DRAIN_SECONDS


class InstanceWatch:
    """One thread for each thing that is waited for, named by a key; `forget` and `stop` end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self._is_stopping = False

    def until_healthy(self, key: str, socket_path: Path, told: Callable[[], None]) -> None:
        """Call `told` once /ping answers 200."""
        self._wait(key, lambda: ping(socket_path), told)

    def until_sick(self, key: str, socket_path: Path, told: Callable[[], None]) -> None:
        """Call `told` once the program refuses to answer /ping with 200 again and again, or is silent for too long."""
        health = _Health(socket_path)
        self._wait(key, health.is_lost, told, ROUND_SECONDS)

    def until_drained(self, key: str, socket_path: Path, told: Callable[[], None]) -> None:
        """Call `told` once no connection to the socket is left, or the longest request must be over."""
        deadline = time.monotonic() + LONGEST_DRAIN_SECONDS
        self._wait(key, lambda: connections(socket_path) == 0 or time.monotonic() > deadline, told)

    def forget(self, key: str) -> None:
        with self._lock:
            given_up = self._waits.pop(key, None)
        if given_up is not None:
            given_up.set()

    def stop(self) -> None:
        """Returns when no thread is left."""
        with self._lock:
            self._is_stopping = True
            threads = list(self._threads)
            for given_up in self._waits.values():
                given_up.set()
        for thread in threads:
            thread.join()

    def _wait(
        self, key: str, is_true: Callable[[], bool], told: Callable[[], None], pause: float = FIRST_PAUSE_SECONDS
    ) -> None:
        with self._lock:
            if key in self._waits or self._is_stopping:
                return
            given_up = self._waits[key] = threading.Event()
            thread = threading.Thread(
                target=self._run, args=(key, given_up, is_true, told, pause), name=f"watch-{key}", daemon=True
            )
            self._threads.add(thread)
        thread.start()

    def _run(
        self,
        key: str,
        given_up: threading.Event,
        is_true: Callable[[], bool],
        told: Callable[[], None],
        pause: float,
    ) -> None:
        began = time.monotonic()
        try:
            while not given_up.wait(pause) and not _is_done(key, is_true, told):
                waited = time.monotonic() - began
                pause = max(pause, min(waited * PAUSE_SHARE, LONGEST_PAUSE_SECONDS))
        finally:
            with self._lock:
                if self._waits.get(key) is given_up:
                    del self._waits[key]
                self._threads.discard(threading.current_thread())


def _is_done(key: str, is_true: Callable[[], bool], told: Callable[[], None]) -> bool:
    """Whether it is true and could be told."""
    try:
        if not is_true():
            return False
        told()
    except Exception:  # the supervisor: nobody else waits for it, and a full disk may have room again
        log.exception("waiting for %s goes on although it failed", key)
        return False
    return True


def ping(socket_path: Path) -> bool:
    """Whether the program behind the socket answers GET /ping with 200 in time."""
    try:
        return _asked(socket_path) == 200
    except (OSError, http.client.HTTPException):
        return False


class _Health:
    """What the answers of an instance that serves tell, asked round by round."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path
        self._refusals = 0
        self._answered_at = time.monotonic()

    def is_lost(self) -> bool:
        try:
            is_well = _asked(self._socket_path) == 200
        except (TimeoutError, BlockingIOError):  # the latter where too many connections wait already
            return time.monotonic() - self._answered_at > LONGEST_SILENCE_SECONDS
        except (OSError, http.client.HTTPException):
            is_well = False
        self._refusals = 0 if is_well else self._refusals + 1
        self._answered_at = time.monotonic()
        return self._refusals >= MOST_REFUSALS


def _asked(socket_path: Path) -> int:
    """The status of the answer to GET /ping. Raises OSError and HTTPException, TimeoutError for one that does not come."""
    connection = UnixConnection(str(socket_path), PING_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status
    finally:
        connection.close()


def connections(socket_path: Path) -> int:
    """How many connections to an instance's Unix socket are open: the accepted ends bear its name, with or without its folder."""
    count = 0
    wanted = socket_path.name
    with Path("/proc/net/unix").open(errors="surrogateescape") as table:
        for line in table:
            fields = line.split(maxsplit=7)
            if len(fields) == 8 and fields[5] == _CONNECTED and fields[7].rstrip("\n").rpartition("/")[2] == wanted:
                count += 1
    return count
