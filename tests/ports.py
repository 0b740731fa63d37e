"""Ports of this machine for servers that are started a moment later."""

from __future__ import annotations

import random
import socket

# Below those that Linux gives to outgoing connections: any of these, of whatever program, could have the port by then.
PORTS = range(20_000, 32_000)
_chance = random.SystemRandom()


def free_port() -> int:
    """One that nobody listens on."""
    while True:
        port = _chance.choice(PORTS)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
