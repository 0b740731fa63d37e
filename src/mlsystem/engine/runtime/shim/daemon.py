"""Asks a Docker engine, over its Unix socket. https://docs.docker.com/reference/api/engine/

No version of the API is named, which means the engine's own: new engines refuse what is old, and what is asked here has long been the same.
"""

# pathlib would make every start slower.

from __future__ import annotations

import http.client
import json
import socket
import time
from urllib.parse import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TIMEOUT_SECONDS = 120.0
_CONFLICT_SECONDS = 0.05
_FAILED, _NOT_FOUND, _CONFLICT = 400, 404, 409


class DaemonError(Exception):
    """Docker's own words. `status` 0: it does not answer."""

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


class Daemon:
    """One connection a question."""

    def __init__(self, path: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        self._path = path
        self._timeout = timeout

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """The answer's JSON. Raises DaemonError. A body of bytes is a tar archive."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
        connection = _Connection(self._path, self._timeout)
        try:
            answer = self._answer(connection, method, _url(path, query), raw, kind)
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise DaemonError(f"Docker at {self._path} does not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status >= _FAILED:
            raise DaemonError(_words(said), answer.status)
        return json.loads(said) if said.startswith((b"{", b"[")) and b"\n{" not in said else None

    def follow_out_of_memory(self, name: str) -> socket.socket:
        """Becomes readable when the kernel kills a process of the container for want of memory. Raises DaemonError."""
        wanted = json.dumps({"type": ["container"], "container": [name], "event": ["oom"]})
        connection = _Connection(self._path, self._timeout)
        try:
            answer = self._answer(connection, "GET", _url("/events", {"filters": wanted}), None, "application/json")
        except (OSError, http.client.HTTPException) as error:
            raise DaemonError(f"Docker at {self._path} does not answer: {error or type(error).__name__}") from error
        if answer.status >= _FAILED:
            raise DaemonError(_words(answer.read()), answer.status)
        return connection.sock

    def _answer(
        self, connection: _Connection, method: str, url: str, body: bytes | None, kind: str
    ) -> http.client.HTTPResponse:
        connection.request(method, url, body, {"Content-Type": kind})
        return connection.getresponse()

    def remove_container(self, name: str) -> None:
        """It, its processes and its volumes; none is no error. Raises DaemonError where they are still there."""
        give_up_at = time.monotonic() + self._timeout
        while True:
            try:
                self.ask("DELETE", f"/containers/{name}", force="1", v="1")
            except DaemonError as error:
                if error.status == _NOT_FOUND:
                    return
                if error.status != _CONFLICT or time.monotonic() > give_up_at:
                    raise
                time.sleep(_CONFLICT_SECONDS)  # somebody else is at it: until it is done
            else:
                return

    def is_running(self, name: str) -> bool:
        state = self.ask("GET", f"/containers/{name}/json")["State"]
        return bool(state["Running"])


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _url(path: str, query: dict[str, str]) -> str:
    words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"{path}?{words}"


def _words(said: bytes) -> str:
    try:
        return str(json.loads(said)["message"])
    except (ValueError, KeyError, TypeError):
        return said.decode(errors="replace").strip()
