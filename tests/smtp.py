"""An SMTP server that keeps what it is sent, and what a person does with such mail."""

from __future__ import annotations

import email
import re
import socket
import socketserver
import threading
import urllib.request
from collections.abc import Iterator
from email.message import Message
from email.policy import default
from typing import Any


class _SmtpSession(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs. `refusals` are answers that the next mails get instead of 250."""

    server: SmtpServer

    def handle(self) -> None:
        self._say("220 test")
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self._say("354 go on")
                self._take()
            else:
                self._say("221 bye" if verb == b"QUIT" else "250 ok")
            if verb == b"QUIT":
                return

    def _take(self) -> None:
        lines = []
        for line in iter(self.rfile.readline, b".\r\n"):
            if not line:
                return
            lines.append(line.removeprefix(b".").replace(b"\r\n", b"\n"))
        answer = self.server.take(email.message_from_bytes(b"".join(lines), policy=default))
        if answer:
            self._say(answer)
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _SmtpSession)
        self.mails: list[Message] = []
        self.refusals: list[str] = []
        self.port = int(self.server_address[1])

    def take(self, mail: Message) -> str:
        """The answer to a mail; empty where the connection ends without one."""
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(mail)
        return "250 taken"

    def mails_to(self, address: str) -> list[Any]:
        """The oldest first."""
        return [mail for mail in self.mails if mail["To"] == address]


def serving(server: Any) -> Iterator[Any]:
    """For fixtures: the server, answering until its use is over."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def open_link(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def link_in(text: str) -> str:
    """The link by which a mail of SNS asks for an answer."""
    found = re.search(r"http://\S+/_sns/\S+", text)
    assert found is not None, text
    return found[0]
