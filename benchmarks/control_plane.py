"""The engine when little is asked of it: what it takes at rest, and how soon it answers a hundred calls a second.

    python benchmarks/control_plane.py [--idle-seconds 20] [--seconds 20] [--per-second 100] [--json]

Aims: at rest under 1 % of a core and 250 MB with the front door; the 99th percentile of calls under 20 ms. The calls are what a console,
a pipeline and a program ask again and again. boto3 writes and signs each beforehand: its own work, on the cores that the engine also needs,
would be most of what is measured. They are sent over kept connections, each at its time whether or not those before have been answered, and
counted from that time on. So a call that must wait for the client counts as late, too.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.served import processes
from tests.live import LiveEngine

CALLERS = 8
SETTLED_SECONDS = 5.0
CONNECTED_SECONDS = 0.2
# http.client writes the one, and does not wait for the other's answer.
HEADERS_OF_A_CONNECTION = ("Content-Length", "Expect")
CPU_AIM, MEGABYTES_AIM, P99_AIM_MS = 0.01, 250, 20


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | str | None

    def send(self, connection: http.client.HTTPConnection) -> None:
        connection.request(self.method, self.path, self.body, dict(self.headers))
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(
                f"{self.method} {self.path} was answered {answer.status}: {told.decode(errors='replace')[:500]}"
            )


class _NotSentError(Exception):
    def __init__(self, request: AWSPreparedRequest):
        super().__init__(request)
        self.request = request


def signed(client: Any, operation: str, **parameters: object) -> Call:
    """The call as boto3 would send it now."""

    def keep(request: AWSPreparedRequest, **_: object) -> None:
        raise _NotSentError(request)

    client.meta.events.register("before-send", keep, unique_id="keep")
    try:
        getattr(client, operation)(**parameters)
    except _NotSentError as kept:
        request: Any = kept.request
    else:
        raise SystemExit(f"boto3 sent {operation} before it could be kept")
    finally:
        client.meta.events.unregister("before-send", unique_id="keep")
    url = urlsplit(request.url)
    headers = {name: value for name, value in request.headers.items() if name not in HEADERS_OF_A_CONNECTION}
    body = request.body.read() if hasattr(request.body, "read") else request.body
    return Call(request.method, f"{url.path or '/'}{'?' if url.query else ''}{url.query}", headers, body)


def calls_of(engine: LiveEngine) -> Mapping[str, Call]:
    s3, cloudwatch = engine.client("s3"), engine.client("cloudwatch")
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="object", Body=b"1,2,3")
    point = {"MetricName": "Figure", "Value": 1.0}
    return {
        "s3 GetObject": signed(s3, "get_object", Bucket="bench", Key="object"),
        "s3 PutObject": signed(s3, "put_object", Bucket="bench", Key="other", Body=b"4,5,6"),
        "logs DescribeLogGroups": signed(engine.client("logs"), "describe_log_groups"),
        "sagemaker ListTrainingJobs": signed(engine.client("sagemaker"), "list_training_jobs"),
        "stepfunctions ListStateMachines": signed(engine.client("stepfunctions"), "list_state_machines"),
        "codepipeline ListPipelines": signed(engine.client("codepipeline"), "list_pipelines"),
        "cloudwatch PutMetricData": signed(cloudwatch, "put_metric_data", Namespace="Bench", MetricData=[point]),
        "cloudwatch DescribeAlarms": signed(cloudwatch, "describe_alarms"),
    }


def latencies(address: str, calls: Mapping[str, Call], per_second: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds from the time at which a call was due to its answer."""
    own = threading.local()

    def connect() -> None:
        own.connection = http.client.HTTPConnection(address)
        for call in calls.values():
            call.send(own.connection)

    found: dict[str, list[float]] = {name: [] for name in calls}

    def make(name: str, due: float) -> None:
        calls[name].send(own.connection)
        found[name].append((time.perf_counter() - due) * 1e3)

    with ThreadPoolExecutor(CALLERS, initializer=connect) as callers:
        list(callers.map(time.sleep, [CONNECTED_SECONDS] * CALLERS))  # so long that each thread is begun
        begin = time.perf_counter()
        made = []
        for number, name in zip(range(round(per_second * seconds)), itertools.cycle(calls), strict=False):
            due = begin + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            made.append(callers.submit(make, name, due))
        for one in made:
            one.result()
    return found


def at_rest(seconds: float) -> dict[str, float]:
    """The share of a core, and the memory, of the engine and all that it has started."""
    time.sleep(SETTLED_SECONDS)
    before = processes.cpu_seconds(processes.descendants(os.getpid()))
    time.sleep(seconds)
    own = processes.descendants(os.getpid())
    share = (processes.cpu_seconds(own) - before) / seconds
    return {"core_share": round(share, 4), "megabytes": round(processes.megabytes(own), 1)}


def measure(idle_seconds: float, per_second: int, seconds: float) -> dict[str, Any]:
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = LiveEngine(Path(folder) / "engine", within=("env",))
        engine.start()
        try:
            rest = at_rest(idle_seconds)
            found = latencies(urlsplit(engine.url).netloc, calls_of(engine), per_second, seconds)
        finally:
            engine.stop()
    every = [value for values in found.values() for value in values]
    return {"at rest": rest, "calls": {"all": _row(every), **{name: _row(values) for name, values in found.items()}}}


def _row(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "calls": len(ordered),
        "p50_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[len(ordered) * 99 // 100], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=20.0, help="of calls")
    parser.add_argument("--per-second", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.idle_seconds, options.per_second, options.seconds)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    rest = found["at rest"]
    print(
        f"at rest: {rest['core_share']:.2%} of a core (aim: under {CPU_AIM:.0%}), {rest['megabytes']:.0f} MB (under {MEGABYTES_AIM})"
    )
    print(f"\n{options.per_second} calls a second{'':18}{'calls':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for name, row in found["calls"].items():
        print(f"{name:38}{row['calls']:>8}{row['p50_ms']:>9.2f}{row['p99_ms']:>9.2f}")
    print(f"aim: a p99 of all under {P99_AIM_MS} ms")


if __name__ == "__main__":
    main()
