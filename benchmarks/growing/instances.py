"""More instances of one endpoint: the container program as it is, through the front door, with all of its traffic uncaptured."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.growing.growth import Growth, Ought, Quantity
from benchmarks.growing.live import engine_in, processes_of
from benchmarks.served import processes
from benchmarks.served.endpoint import BUCKET, NAME, create, prepare
from benchmarks.served.wire import CSV
from benchmarks.served.workload import Workload
from benchmarks.served.wrk import load
from tests.live import LiveEngine
from tests.serving import Serving

CONNECTIONS = 16
RATE, CPU, START, MEMORY, ERRORS = "requests a second", "CPU of a request", "start", "memory", "errors"
QUANTITIES = (
    Quantity(RATE, "/s", Ought.NOT_FALL, 20.0),
    Quantity(CPU, "µs", Ought.BE_FLAT, 200.0),
    Quantity(START, "s", Ought.BE_IN_PROPORTION, 1.0),
    Quantity(MEMORY, "MB", Ought.BE_IN_PROPORTION, 20.0),
    Quantity(ERRORS, "", Ought.BE_FLAT, 0.0),
)


def measure(sizes: Sequence[int], workload: Workload, seconds: int, folder: Path) -> Growth:
    growth = Growth("instances", "instances of an endpoint", QUANTITIES)
    body = folder / "body"
    body.write_bytes(CSV.body(workload.rows[:1]))
    with engine_in(folder / "engine") as engine:
        prepare(engine, workload)
        create(engine, is_captured=False)  # the first start unpacks the image
        _remove(engine)
        for size in sizes:
            growth.points[size] = _measured(engine, size, body, seconds)
    return growth


def _measured(engine: LiveEngine, size: int, body: Path, seconds: int) -> dict[str, float]:
    began = time.monotonic()
    create(engine, is_captured=False, instances=size)
    start_seconds = time.monotonic() - began
    url = f"{engine.url}/endpoints/{NAME}/invocations"
    load(url, body, CSV.content_type, CONNECTIONS, 1)  # so that all have answered
    everything = processes.descendants(os.getpid())
    before = processes.cpu_seconds(everything)
    found = load(url, body, CSV.content_type, CONNECTIONS, seconds)
    cpu_seconds = processes.cpu_seconds(everything) - before
    memory = processes.megabytes(processes_of(engine, f"endpoint-instance.{NAME}.*"))
    _remove(engine)
    return {
        RATE: round(found.rate, 1),
        CPU: round(cpu_seconds / max(1, found.requests) * 1e6),
        START: round(start_seconds, 2),
        MEMORY: round(memory, 1),
        ERRORS: found.errors,
    }


def _remove(engine: LiveEngine) -> None:
    serving = Serving(engine, home=BUCKET)
    serving.delete(NAME)
    serving.sagemaker.delete_endpoint_config(EndpointConfigName=NAME)
