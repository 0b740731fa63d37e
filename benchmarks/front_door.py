"""What the front door costs: a bare HTTP server, against the same server behind the door.

    python benchmarks/front_door.py [--seconds 3] [--rounds 3] [--clients 16] [--json]

All ways are measured in turn, round by round, in one run, so that what else happens on the machine hits them alike.
Client, door and server share the machine's cores, so requests a second understate each of them; the door's own CPU
time a request does not depend on that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.state import ApiStage, Door, Endpoint, FunctionVersion, Method, State, Variant
from mlsystem.engine.decide.arn import Scope

BODY = b"1,2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 18\r\n\r\n0.0361234567890123"
WAYS = {
    "bare server": "/invocations",
    "door, control plane": "/bucket/key",
    "door, endpoint": "/endpoints/plain/invocations",
    "door, captured endpoint": "/endpoints/captured/invocations",
    "door, API": "/_api/bench/Prod/api",
}


@dataclass
class Measured:
    """What was seen of one way: requests a second by round, every latency in seconds, CPU seconds of the door."""

    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    door_seconds: float = 0.0

    def row(self) -> dict[str, float]:
        ordered = sorted(self.latencies)
        return {
            "requests_per_second": round(statistics.median(self.rates)),
            "p50_ms": round(ordered[len(ordered) // 2] * 1e3, 2),
            "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1e3, 2),
            "door_cpu_us_per_request": round(self.door_seconds / len(ordered) * 1e6, 1),
        }


class Server(asyncio.Protocol):
    """Answers every request at once, with as little Python as possible."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            head = self.pending[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.pending) < end + 4 + length:
                return
            self.pending = self.pending[end + 4 + length :]
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.write(ANSWER)


def serve(path: str) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_unix_server(Server, path)
        await server.serve_forever()

    asyncio.run(run())


async def load(address: int | str, path: str, clients: int, seconds: float) -> list[float]:
    """The latencies of all requests that `clients` connections made within `seconds`."""
    request = b"POST %s HTTP/1.1\r\nhost: bench\r\ncontent-type: text/csv\r\ncontent-length: %d\r\n\r\n%s"
    message = request % (path.encode(), len(BODY), BODY)
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds

    async def client() -> None:
        opening = asyncio.open_connection("127.0.0.1", address) if isinstance(address, int) else None
        reader, writer = await (opening or asyncio.open_unix_connection(str(address)))
        while (started := time.perf_counter()) < deadline:
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"{path} answered {head.splitlines()[0].decode()}")
            await reader.readexactly(18)
            latencies.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def state(port: int, server: str) -> State:
    variants = (Variant("AllTraffic", 1, (server,)),)
    versions = (FunctionVersion("api", "1", 0.9, (server,)), FunctionVersion("api", "2", 0.1, (server,)))
    return State(
        Door(Scope("000000000000", "us-east-1"), port, server),
        endpoints=(Endpoint("plain", variants), Endpoint("captured", variants, is_captured=True)),
        stages=(ApiStage("bench", "Prod", (Method("POST", "/api", versions),)),),
    )


def measure(clients: int, seconds: float, rounds: int, port: int) -> dict[str, Measured]:
    measured = {way: Measured() for way in WAYS}
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        cleanup.callback(shutil.rmtree, folder)
        server = str(folder / "server.sock")
        process = multiprocessing.Process(target=serve, args=(server,), daemon=True)
        process.start()
        cleanup.callback(process.terminate)
        plane = DataPlane(folder / "door")
        plane.apply(state(port, server))
        door = cleanup.enter_context(subprocess.Popen(plane.command()))
        cleanup.callback(door.terminate)
        plane.wait_ready()
        plane.wait_applied()
        for _ in range(rounds):
            for way, path in WAYS.items():
                address = server if way == "bare server" else port
                before = cpu_seconds(door.pid)
                latencies = asyncio.run(load(address, path, clients, seconds))
                measured[way].door_seconds += cpu_seconds(door.pid) - before
                measured[way].rates.append(len(latencies) / seconds)
                measured[way].latencies += latencies
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load, a way and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--port", type=int, default=14580)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = measure(options.clients, options.seconds, options.rounds, options.port)
    rows = {way: found.row() for way, found in measured.items()}
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'':26}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'door CPU us':>13}")
    for way, row in rows.items():
        print(
            f"{way:26}"
            + "".join(f"{value:>{width}g}" for value, width in zip(row.values(), (12, 9, 9, 13), strict=True))
        )


if __name__ == "__main__":
    main()
