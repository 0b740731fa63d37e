"""The life of a host: opens its socket, serves, and leaves when it is told to or when nobody needs it.

The socket is bound under a name of its own and renamed over the old one, so a new host takes over from another one without a moment in
which nobody listens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from .config import Config, Place
from .host import Host
from .http import Connections
from .journal import Journal
from .pool import Pool
from .stages import Stages

CHECK_SECONDS = 5.0
LONGEST_HEAD = 256 * 1024
BACKLOG = 4096
# The door closes connections that idled for a second.
PATIENCE_SECONDS = 3.0


def main(folder: str, apis: str, generation: str) -> None:
    asyncio.run(_live(Place(Path(folder), generation), Path(apis)))


async def _live(place: Place, apis: Path) -> None:
    config = place.read_config()
    journal = Journal(config, place.folder, place.generation)
    pool = Pool(config, place, journal)
    host = Host(config, pool, Stages(apis))
    own = place.folder / f"s.{place.generation}"
    own.unlink(missing_ok=True)
    connections = Connections(host.answer)
    server = await asyncio.start_unix_server(connections.serve, str(own), limit=LONGEST_HEAD, backlog=BACKLOG)
    inode = own.stat().st_ino
    if place.is_kept():
        pool.warm()
    own.rename(place.socket)
    (place.folder / f"ready.{place.generation}").touch()
    try:
        await _until_told(pool, place, config)
    finally:
        connections.close()
        await _take_the_rest(server)
        with suppress(FileNotFoundError):
            if place.socket.stat().st_ino == inode:
                place.socket.unlink()
        await _drain(pool, connections, config)
        pool.close()
        journal.close()
    sys.stdout.flush()
    os._exit(0)  # workers that were killed have nothing left to say


async def _take_the_rest(server: asyncio.Server) -> None:
    """Close the listener when the connections that the kernel has completed already are accepted: closing it would reset them."""
    await asyncio.sleep(0.05)
    server.close()


async def _until_told(pool: Pool, place: Place, config: Config) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    while not told.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), CHECK_SECONDS)
        pool.trim()
        is_idle = pool.in_flight == 0 and time.monotonic() - pool.last_used > config.idle_seconds
        if is_idle and not place.is_kept():
            return


async def _drain(pool: Pool, connections: Connections, config: Config) -> None:
    """What was taken on is finished, and who is connected has gone elsewhere."""
    now = time.monotonic()
    work_ends, patience_ends = now + config.timeout_seconds, now + PATIENCE_SECONDS
    while (pool.in_flight and time.monotonic() < work_ends) or (connections.count and time.monotonic() < patience_ends):
        await asyncio.sleep(0.02)
