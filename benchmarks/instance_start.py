"""What an endpoint's instance takes to be in service more than its program takes to load the model. Aim: less than 2 s more.

    python benchmarks/instance_start.py [--rounds 5] [--json]

The same program with the same model is started by itself, until it answers a prediction, and as an instance of an endpoint,
from the request that creates it to InService, in turn. The first instance of an image that was only just pushed is told apart: it
also waits until the image is unpacked.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.served.endpoint import BUCKET, NAME, create, prepare
from benchmarks.served.programs import CONTAINER
from benchmarks.served.workload import Workload, trained
from tests.live import LiveEngine
from tests.serving import Serving

AIM_SECONDS = 2.0
ALONE, FIRST, AGAIN = "program alone", "first instance of an image", "another instance"


def program_once(workload: Workload) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        CONTAINER.serving(workload, Path(folder)) as service,
    ):
        return service.start_seconds


def instance_once(engine: LiveEngine) -> float:
    """Of an endpoint that is deleted again."""
    begun = time.perf_counter()
    create(engine, is_captured=False)
    seconds = time.perf_counter() - begun
    Serving(engine, home=BUCKET).delete(NAME)
    engine.client("sagemaker").delete_endpoint_config(EndpointConfigName=NAME)
    return seconds


def measure(rounds: int) -> dict[str, list[float]]:
    workload = trained()
    found: dict[str, list[float]] = {ALONE: [], FIRST: [], AGAIN: []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = LiveEngine(Path(folder) / "engine", within=("env",))
        engine.start()
        try:
            prepare(engine, workload)
            found[FIRST].append(instance_once(engine))
            for _ in range(rounds):
                found[ALONE].append(program_once(workload))
                found[AGAIN].append(instance_once(engine))
        finally:
            engine.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = {
        name: {"median_s": round(statistics.median(values), 2), "min_s": round(min(values), 2)}
        for name, values in measure(options.rounds).items()
    }
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'':28}{'median s':>10}{'min s':>8}")
    for name, row in rows.items():
        print(f"{name:28}{row['median_s']:>10.2f}{row['min_s']:>8.2f}")
    more = rows[AGAIN]["median_s"] - rows[ALONE]["median_s"]
    print(
        f"aim: under {AIM_SECONDS:g} s more than the program alone: {more:.2f} s, {'met' if more < AIM_SECONDS else 'missed'}"
    )


if __name__ == "__main__":
    main()
