"""HTTP to whom a Unix socket leads."""

from __future__ import annotations

import http.client
import socket


class UnixConnection(http.client.HTTPConnection):
    """`timeout_seconds` holds for each step: to connect, to send, to wait for what comes next."""

    def __init__(self, path: str, timeout_seconds: float):
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
