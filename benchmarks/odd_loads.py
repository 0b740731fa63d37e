"""An endpoint under loads that are not those of every day: what it answers, how late, and what it holds in memory afterwards.

    python benchmarks/odd_loads.py [--seconds 5] [--bodies 40] [--requests 1000000] [--json]

Beside plain keep-alive connections: a new connection for each request; 1,000 connections at once; bodies of 5 MB; and plain
ones again while 200 slow clients send a byte of their body now and then, and are answered all the same when they have sent it.
Then so many requests, before and after which Envoy's, the workers' and the engine's memory is looked at. No error is allowed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.served import processes
from benchmarks.served.contender import Service
from benchmarks.served.endpoint import UNCAPTURED
from benchmarks.served.workload import trained
from benchmarks.served.wrk import Load, load

CONNECTIONS, MANY_CONNECTIONS, SENDERS, SLOW_CLIENTS = 16, 1000, 4, 200
# Of the load with many: they are to be made first.
MANY_SECONDS = 5.0
LARGE_BYTES = 5_000_000
SLOW_PAUSE_SECONDS = 0.5
ANSWER_SECONDS = 60.0
# What is first taken and kept (caches, buffers of connections) is there before the memory is first looked at.
WARM_SHARE = 0.1
MOST_MEGABYTES_MORE = 32.0


@dataclass(frozen=True)
class Client:
    service: Service
    body: bytes

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=ANSWER_SECONDS)

    def seconds(self, connection: http.client.HTTPConnection) -> float | None:
        """Of one request; None where it is not answered with 200."""
        begun = time.perf_counter()
        try:
            connection.request("POST", self.service.path, self.body, {"Content-Type": self.service.wire.content_type})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None
        return time.perf_counter() - begun if answer.status == 200 else None


def large_bodies(service: Service, rows: list[str], count: int) -> Load:
    text = "\n".join(rows) + "\n"
    client = Client(service, (text * (LARGE_BYTES // len(text))).encode())

    def ask(share: int) -> list[float | None]:
        connection = client.connection()
        try:
            return [client.seconds(connection) for _ in range(share)]
        finally:
            connection.close()

    begun = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        taken = [one for found in pool.map(ask, [count // SENDERS] * SENDERS) for one in found]
    good = sorted(one for one in taken if one is not None)
    p50, p99 = (good[math.ceil(part * len(good)) - 1] * 1000 if good else math.nan for part in (0.5, 0.99))
    return Load(len(taken), time.perf_counter() - begun, len(taken) - len(good), p50, p99)


@contextmanager
def slow_clients(service: Service, row: str) -> Iterator[list[int]]:
    """While they are there, none has sent all of its body. The statuses of their answers are in the list afterwards."""
    head, body = (
        f"POST {service.path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: {len(row)}\r\n\r\n",
        row.encode(),
    )
    statuses: list[int] = []
    is_enough = threading.Event()
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port), ANSWER_SECONDS))
            for _ in range(SLOW_CLIENTS)
        ]
        for client in clients:
            client.sendall(head.encode())

        def dribble() -> int:
            sent = 0
            while sent < len(body) - 1 and not is_enough.wait(SLOW_PAUSE_SECONDS):
                for client in clients:
                    client.sendall(body[sent : sent + 1])
                sent += 1
            is_enough.wait()
            return sent

        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(dribble)
            try:
                yield statuses
            finally:
                is_enough.set()
        for client in clients:
            client.sendall(body[sent.result() :])
        for client in clients:
            answer = http.client.HTTPResponse(client)
            answer.begin()
            statuses.append(answer.status)


def megabytes(root: int) -> dict[str, float]:
    """Of the engine's descendants, by what they are."""
    found = dict.fromkeys(("Envoy", "workers", "engine"), 0.0)
    for pid in processes.descendants(root):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"--config-path" in words:
            name = "Envoy"
        elif any(word.endswith(b"granian_server.py") for word in words):
            name = "workers"
        elif b"mlsystem.engine" in words:
            name = "engine"
        else:
            continue
        found[name] += processes.megabytes({pid})
    return found


def many_requests(service: Service, body: Path, count: int, rate: float, root: int) -> dict[str, Any]:
    kind = service.wire.content_type
    done = load(service.url, body, kind, CONNECTIONS, count * WARM_SHARE / rate)
    before, requests, errors = megabytes(root), 0, done.errors
    while requests < count:
        done = load(service.url, body, kind, CONNECTIONS, min((count - requests) / rate, 60.0))
        requests, errors = requests + done.requests, errors + done.errors
    after = megabytes(root)
    return {
        "requests": requests,
        "errors": errors,
        "megabytes": {name: {"before": round(before[name], 1), "after": round(after[name], 1)} for name in after},
    }


def row_of(done: Load) -> dict[str, float]:
    return {
        "requests": done.requests,
        "per_second": round(done.rate, 1),
        "p99_ms": round(done.p99_ms, 1),
        "errors": done.errors,
    }


def measure(seconds: float, bodies: int, requests: int) -> dict[str, Mapping[str, Any]]:
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        workload = trained()
        body = Path(folder) / "body"
        body.write_text(workload.rows[0])
        with UNCAPTURED.serving(workload, Path(folder)) as service:
            service.require_right_answers(workload)
            kind = service.wire.content_type
            plain = load(service.url, body, kind, CONNECTIONS, seconds)
            found: dict[str, Mapping[str, Any]] = {"plain": row_of(plain)}
            churn = load(service.url, body, kind, CONNECTIONS, seconds, is_kept=False)
            found["a connection each"] = row_of(churn)
            found["1,000 connections"] = row_of(
                load(service.url, body, kind, MANY_CONNECTIONS, max(seconds, MANY_SECONDS))
            )
            found["bodies of 5 MB"] = row_of(large_bodies(service, workload.rows, bodies))
            with slow_clients(service, workload.rows[0]) as statuses:
                beside = load(service.url, body, kind, CONNECTIONS, seconds)
            found["beside slow clients"] = row_of(beside)
            found["slow clients"] = {"requests": len(statuses), "errors": sum(one != 200 for one in statuses)}
            found["many requests"] = many_requests(service, body, requests, plain.rate, os.getpid())
    return found


def problems(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What of the promises is not kept."""
    failed = [f"{name}: {row['errors']} errors" for name, row in found.items() if row["errors"]]
    grown = [
        f"{name} holds {row['after'] - row['before']:.0f} MB more"
        for name, row in found["many requests"]["megabytes"].items()
        if row["after"] - row["before"] > MOST_MEGABYTES_MORE
    ]
    return failed + grown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load; of 1,000 connections at least 5")
    parser.add_argument("--bodies", type=int, default=40, help="of 5 MB")
    parser.add_argument("--requests", type=int, default=1_000_000, help="between the two looks at the memory")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    found = measure(options.seconds, options.bodies, options.requests)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"{'':22}{'requests':>10}{'a second':>10}{'p99 ms':>10}{'errors':>8}")
        for name, row in found.items():
            print(
                f"{name:22}{row['requests']:>10}{row.get('per_second', ''):>10}{row.get('p99_ms', ''):>10}{row['errors']:>8}"
            )
        for name, row in found["many requests"]["megabytes"].items():
            print(f"{name:22}{row['before']:>10.1f} MB before, {row['after']:.1f} MB after")
    if broken := problems(found):
        raise SystemExit("; ".join(broken))


if __name__ == "__main__":
    main()
