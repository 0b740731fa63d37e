"""Where a request goes: the processors' time that each part takes for one, in its program and in the kernel.

    python benchmarks/request_costs.py [--rounds 3] [--seconds 5] [--rows 1] [--connections 16] [--only NAME ...]
                                       [--results benchmarks/results] [--json]

The bare handler, our container, our endpoint without and with capture, and the REST API, function included, are loaded in turn as
`benchmarks/serving.py` loads them. Processor time says the same on a machine that others use, too, where requests a second do not;
it is the median of the rounds. What a part does once a second or so (shipping what was captured, say) is in it. Written is
request_costs.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.served import processes
from benchmarks.served.contender import Contender
from benchmarks.served.endpoint import CAPTURED, UNCAPTURED
from benchmarks.served.parts import seconds_used
from benchmarks.served.programs import BARE, CONTAINER
from benchmarks.served.rest_api import OWN_API
from benchmarks.served.workload import Workload, trained
from benchmarks.served.wrk import load

ROOT = Path(__file__).parents[1]
CONTENDERS: tuple[Contender, ...] = (BARE, CONTAINER, UNCAPTURED, CAPTURED, OWN_API)
WARM_SECONDS = 2
LOAD_GENERATOR, TOGETHER = "load generator", "together"


def times() -> Counter[tuple[str, str]]:
    """Seconds that each part has used so far, in its program and in the kernel."""
    found = Counter[tuple[str, str]]()
    for part, user, kernel in seconds_used().values():
        found[part, "program"] += user
        found[part, "kernel"] += kernel
    ended = os.times()
    found[LOAD_GENERATOR, "program"] += ended.children_user
    found[LOAD_GENERATOR, "kernel"] += ended.children_system
    return found


def one_round(
    contender: Contender, workload: Workload, rows: int, connections: int, seconds: int
) -> dict[str, dict[str, float]]:
    """Microseconds of a request, by part and by where it was."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with contender.serving(workload, folder) as service:
            service.require_right_answers(workload)
            body = folder / "body"
            body.write_bytes(service.wire.body(workload.rows[:rows]))
            load(service.url, body, service.wire.content_type, connections, WARM_SECONDS)
            before = times()
            found = load(service.url, body, service.wire.content_type, connections, seconds)
            used = times() - before
        processes.end(set())
    if found.errors or not found.requests:
        raise SystemExit(f"{contender.name}: {found.errors} errors, {found.requests} requests")
    parts: dict[str, dict[str, float]] = {}
    for (part, where), spent in used.items():
        for place in (part, TOGETHER):
            row = parts.setdefault(place, {"program": 0.0, "kernel": 0.0})
            row[where] += spent * 1e6 / found.requests
    return parts


def measure(
    names: Sequence[str], rounds: int, rows: int, connections: int, seconds: int
) -> dict[str, dict[str, dict[str, int]]]:
    processes.adopt_orphans()
    workload = trained()
    found: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in names}
    for number in range(rounds):
        for contender in CONTENDERS:
            if contender.name in names:
                print(f"round {number + 1}: {contender.name}", file=sys.stderr, flush=True)
                found[contender.name].append(one_round(contender, workload, rows, connections, seconds))
    return {name: _medians(those) for name, those in found.items()}


def _medians(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, int]]:
    none = {"program": 0.0, "kernel": 0.0}
    parts = {part: [one.get(part, none) for one in rounds] for part in sorted({part for one in rounds for part in one})}
    return {
        part: {where: round(statistics.median(row[where] for row in those)) for where in none}
        for part, those in parts.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    parser.add_argument("--rows", type=int, default=1, help="of each request")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", nargs="+", choices=[one.name for one in CONTENDERS], metavar="NAME")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    names = options.only or [one.name for one in CONTENDERS]
    found = measure(names, options.rounds, options.rows, options.connections, options.seconds)
    written = json.dumps(found, indent=1)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "request_costs.json").write_text(written + "\n")
    if options.json:
        print(written)
        return
    print(f"µs of a request{'':22}{'program':>9}{'kernel':>9}{'together':>10}")
    for name, parts in found.items():
        print(name)
        for part, row in sorted(parts.items(), key=lambda item: item[0] == TOGETHER):
            print(f"  {part:35}{row['program']:>9,}{row['kernel']:>9,}{row['program'] + row['kernel']:>10,}")


if __name__ == "__main__":
    main()
