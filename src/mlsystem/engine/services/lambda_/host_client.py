"""Speaks to a host over its Unix socket."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATH = "/2015-03-31/functions/function/invocations"


class HostUnreachable(Exception):
    """Nobody took the request: it may be sent again."""


class HostBroke(Exception):
    """The host ended while it worked on the request."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    payload: bytes


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def invoke(path: Path, payload: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
    """Raises HostUnreachable and HostBroke."""
    connection = _Connection(path, timeout)
    try:
        connection.connect()
    except OSError as error:
        connection.close()
        raise HostUnreachable(str(error)) from error
    try:
        connection.request("POST", PATH, payload, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    except (OSError, http.client.HTTPException) as error:
        raise HostBroke(str(error) or type(error).__name__) from error
    finally:
        connection.close()
