"""More endpoints on one engine, each with a small server that tells its version: what they cost the first, the engine and Envoy."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.growing.growth import Growth, Ought, Quantity
from benchmarks.growing.live import at_rest_ms, door_processes, engine_cpu_ms, engine_in, engine_processes
from benchmarks.served import processes
from benchmarks.traffic_moves import moved_after
from tests.live import LiveEngine
from tests.serving import Serving, SteadyLoad

IN_SERVICE, CREATE_CPU = "one more in service", "engine's CPU of one more"
ROUTE, ROUTE_CPU = "route change felt", "engine's CPU of a route change"
LATENCY, REQUEST_CPU = "request to the first, fastest tenth", "door's CPU of a request"
REST = "engine's CPU at rest, a second"
ENGINE_MEMORY, ENVOY_MEMORY = "engine's memory", "Envoy's memory"
QUANTITIES = (
    Quantity(IN_SERVICE, "s", Ought.BE_FLAT, 0.5),
    Quantity(CREATE_CPU, "ms", Ought.BE_FLAT, 50.0),
    Quantity(ROUTE, "ms", Ought.BE_FLAT, 50.0),
    Quantity(ROUTE_CPU, "ms", Ought.BE_FLAT, 25.0),
    Quantity(LATENCY, "ms", Ought.BE_FLAT, 0.5),
    Quantity(REQUEST_CPU, "µs", Ought.BE_FLAT, 50.0),
    Quantity(REST, "ms", Ought.BE_IN_PROPORTION, 10.0),
    Quantity(ENGINE_MEMORY, "MB", Ought.BE_IN_PROPORTION, 10.0),
    Quantity(ENVOY_MEMORY, "MB", Ought.BE_IN_PROPORTION, 10.0),
)
VARIANTS = ("One", "Two")
ROUTE_CHANGES, REQUESTS = 3, 1000


def measure(sizes: Sequence[int], folder: Path) -> Growth:
    growth = Growth("endpoints", "endpoints beside the first", QUANTITIES)
    with engine_in(folder / "engine") as engine:
        serving = Serving(engine)
        first = serving.endpoint(_two_versions(serving))
        config = serving.simple_config()
        count = 0
        for size in sizes:
            _serve_more(serving, config, size - count - 1)
            added = _one_more(engine, serving, config)
            count = size
            growth.points[size] = {**added, **_of_the_first(engine, serving, first)}
    return growth


def _serve_more(serving: Serving, config: str, count: int) -> None:
    """So many more endpoints in service, which begin at the same time."""
    names = [f"other-{uuid.uuid4().hex[:8]}" for _ in range(count)]
    for name in names:
        serving.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    for name in names:
        serving.await_settled(name)


def _two_versions(serving: Serving) -> str:
    """All traffic goes to the first of two."""
    models = [serving.model(version) for version in ("1", "2")]
    weights = (1, 0)
    return serving.config(
        *(
            {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight}
            for name, model, weight in zip(VARIANTS, models, weights, strict=True)
        )
    )


def _one_more(engine: LiveEngine, serving: Serving, config: str) -> dict[str, float]:
    began = time.monotonic()
    cpu_ms = engine_cpu_ms(engine, lambda: serving.endpoint(config))
    return {IN_SERVICE: round(time.monotonic() - began, 3), CREATE_CPU: round(cpu_ms)}


def _of_the_first(engine: LiveEngine, serving: Serving, endpoint: str) -> dict[str, float]:
    turn = 0

    def change_route() -> None:
        nonlocal turn
        turn += 1
        _set_all(serving, endpoint, VARIANTS[turn % 2])

    cpu_ms = engine_cpu_ms(engine, change_route, ROUTE_CHANGES)
    door = door_processes(engine)
    before = processes.cpu_seconds(door)
    latencies = _latencies(engine, endpoint)
    door_seconds = processes.cpu_seconds(door) - before
    return {
        ROUTE: round(_route_change_ms(engine, serving, endpoint), 1),
        ROUTE_CPU: round(cpu_ms, 1),
        LATENCY: round(statistics.quantiles(latencies, n=10)[0] * 1e3, 2),
        REQUEST_CPU: round(door_seconds / len(latencies) * 1e6),
        REST: round(at_rest_ms(engine), 1),
        ENGINE_MEMORY: round(processes.megabytes(engine_processes(engine)), 1),
        ENVOY_MEMORY: round(processes.megabytes(door_processes(engine)), 1),
    }


def _set_all(serving: Serving, endpoint: str, variant: str) -> None:
    weights = [{"VariantName": name, "DesiredWeight": float(name == variant)} for name in VARIANTS]
    serving.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)
    serving.await_settled(endpoint)


def _route_change_ms(engine: LiveEngine, serving: Serving, endpoint: str) -> float:
    """Until the last request that the version answered which gets no traffic any more; the middle one of some changes."""
    found = []
    with SteadyLoad.on_endpoint(engine, endpoint, per_second=100) as load:
        for turn in range(ROUTE_CHANGES):
            away_from = str(2 - (turn + 1) % 2)
            _set_all(serving, endpoint, VARIANTS[int(away_from) - 1])
            decided = time.monotonic()
            _set_all(serving, endpoint, VARIANTS[2 - int(away_from)])
            found.append(moved_after(load, decided, away_from) * 1e3)
    return statistics.median(found)


def _latencies(engine: LiveEngine, endpoint: str) -> list[float]:
    """Seconds of requests over one connection that is kept."""
    connection = HTTPConnection("127.0.0.1", engine.port, timeout=30)
    found = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        connection.request("POST", f"/endpoints/{endpoint}/invocations", b"7", {"content-type": "text/csv"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{endpoint} answers {answer.status}")
        found.append(time.perf_counter() - began)
    connection.close()
    return found
