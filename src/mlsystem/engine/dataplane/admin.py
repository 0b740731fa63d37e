"""Envoy's admin interface, on a Unix socket that only the engine knows."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path

from mlsystem.engine.dataplane.errors import AdminSilent, AdminUnreachable

_ANSWER_SECONDS = 5.0


class Admin:
    """One Envoy process, asked over its admin socket. Every method raises AdminUnreachable when it does not
    answer, AdminSilent when it is there and does not do so in time."""

    def __init__(self, socket_path: Path, answer_seconds: float = _ANSWER_SECONDS):
        self._socket_path = socket_path
        self._answer_seconds = answer_seconds

    def is_ready(self) -> bool:
        """Whether Envoy runs and has taken up its first configuration; does not raise."""
        try:
            return self._ask("GET", "/ready", expected=(200, 503))[0] == 200
        except AdminUnreachable:
            return False

    def is_running(self) -> bool:
        """Whether a process answers on the socket; does not raise."""
        try:
            self._ask("GET", "/ready", expected=(200, 503))
        except AdminUnreachable:
            return False
        return True

    def reopen_logs(self) -> None:
        """Envoy opens its log files anew, by name."""
        self._ask("POST", "/reopen_logs")

    def statistics(self, pattern: str) -> dict[str, int | str]:
        """The counters, gauges and texts that were ever set and whose name matches the regular expression.

        Each cluster has hundreds that were not: with those Envoy takes four times as long to look.
        """
        body = self._ask("GET", f"/stats?format=json&usedonly&filter={pattern}")[1]
        found = json.loads(body)["stats"]
        return {stat["name"]: stat["value"] for stat in found if "name" in stat}

    def _ask(self, method: str, path: str, expected: tuple[int, ...] = (200,)) -> tuple[int, bytes]:
        connection = _UnixConnection(self._socket_path, self._answer_seconds)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
        except (TimeoutError, BlockingIOError) as error:  # the second: too many wait for it already
            raise AdminSilent(
                f"the front door's admin socket {self._socket_path} does not answer within {self._answer_seconds:g} s"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise AdminUnreachable(
                f"the front door's admin socket {self._socket_path} does not answer: {error}"
            ) from error
        finally:
            connection.close()
        if response.status not in expected:
            raise AdminUnreachable(
                f"the front door's admin interface answers {path} with {response.status}: {body[:200]!r}"
            )
        return response.status, body


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, answer_seconds: float):
        super().__init__("localhost", timeout=answer_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
