"""Serves the console, on a Unix socket behind the engine's front door or on an address of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from anyio import to_thread

from mlsystem.client.connection import Target
from mlsystem.client.errors import ClientFailure
from mlsystem.console.app import build
from mlsystem.console.security.gate import serves_loopback
from mlsystem.console.security.people import People

THREADS = 64


def listen(host: str, port: int) -> socket.socket:
    """Raises ClientFailure where the port is taken, or the host is none of this machine's."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # who is told the URL may ask at once
    except (OSError, UnicodeError) as error:
        listener.close()
        words = error.strerror if isinstance(error, OSError) else "this is no name of a host"
        raise ClientFailure(f"the console cannot listen on {host}:{port}: {words}") from error
    return listener


def listen_inside(path: Path) -> socket.socket:
    """On a Unix socket that only this account may use."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen()
    return listener


def check_open(host: str, home: Path, names: Sequence[str]) -> Callable[[str], bool]:
    """Which names of hosts are served. Raises ClientFailure where others could reach it without signing in."""
    if serves_loopback(host):
        return serves_loopback
    if People(home).is_empty:
        raise ClientFailure(
            f"on {host} others could reach the console, and nobody has a token: `mlsystem console token NAME --role admin` "
            "makes the first, with which everybody must sign in"
        )
    known = {host, *names}
    return lambda name: name in known or serves_loopback(name)


def serve(target: Target, home: Path, listener: socket.socket, serves: Callable[[str], bool] = serves_loopback) -> None:
    """Until SIGTERM or SIGINT."""
    app = build(target, home, serves, is_open=is_open(listener))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, lifespan="off")
    _Server(config).run(sockets=[listener])


def is_open(listener: socket.socket) -> bool:
    """Whether others than this machine can reach it."""
    return listener.family != socket.AF_UNIX and not serves_loopback(str(listener.getsockname()[0]))


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
