"""What each part costs as it grows: instances, endpoints, features, rows, executions. What grows otherwise than it ought to is named.

    python benchmarks/growth.py [--only PART ...] [--quick] [--most N] [--state FOLDER] [--results benchmarks/results] [--json]

A part is measured at several sizes, one after the other, on one machine: so more instances bring no more cores, and
what is asked is whether one costs as much as before. Each quantity ought to be flat, or to be at most in proportion to
the size, or (requests a second) not to fall; CPU seconds say more than the clock where others use the machine too.
The power is that by which a quantity grows over the upper half of the sizes: 0 is flat, 1 in proportion.

| part | sizes | measured |
|---|---|---|
| instances | 1 to 10 | requests a second through the front door, start, memory: of the container program with a model of 126 numbers |
| endpoints | 1 to 50 | one more in service, a route change, a request to the first, memory of the engine and of Envoy |
| features | 10 to 1,000 | a request of one row, Prepare Data, the monitor's check |
| rows | 10^4 to 10^7 | the analyzer's profile and check, beside a bare scan |
| executions | 1 to 10^4 | one more execution of a small pipeline, calls that list and describe, the engine's start |
| console | 1 to 10^4 | the console's sections, of FOLDER: the data folder of a system that reached production, which is copied |

Written are growth.json, growth.md and growth.svg. Parts that are not asked for keep
what growth.json says of them. `--quick` takes two small sizes of each, `--most N` none above N.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.growing import endpoints, executions, features, instances, rows
from benchmarks.growing.growth import Growth
from benchmarks.growing.report import markdown, picture
from benchmarks.served import processes
from benchmarks.served.workload import trained

ROOT = Path(__file__).parents[1]
SIZES: Mapping[str, Sequence[int]] = {
    "instances": (1, 2, 4, 7, 10),
    "endpoints": (1, 5, 10, 20, 50),
    "features": (10, 30, 100, 300, 1000),
    "rows": (10_000, 100_000, 1_000_000, 10_000_000),
    "executions": (1, 10, 100, 1000, 10_000),
    "console": (1, 10, 100, 1000, 10_000),
}
QUICK_SIZES: Mapping[str, Sequence[int]] = {
    "instances": (1, 2),
    "endpoints": (1, 2),
    "features": (10, 20),
    "rows": (1000, 2000),
    "executions": (1, 100),
    "console": (1, 10),
}
JSON_FILE = "growth.json"
LOAD_SECONDS, ROWS_OF_FEATURES = 4, 2000
QUICK_LOAD_SECONDS, QUICK_ROWS_OF_FEATURES = 1, 200


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SIZES), default=list(SIZES), metavar="PART")
    parser.add_argument("--most", type=int, default=max(map(max, SIZES.values())), help="leave out sizes above this")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    # Whoever ends it early finds nothing left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    processes.adopt_orphans()
    sizes = QUICK_SIZES if options.quick else SIZES
    growths, not_measured = _kept(options.results / JSON_FILE), dict[str, str]()
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        try:
            for part in options.only:
                asked = [size for size in sizes[part] if size <= options.most]
                print(f"{part}: {', '.join(f'{size:,}' for size in asked)}", file=sys.stderr, flush=True)
                found = _measured(part, asked, options.quick, options.state, Path(name))
                if found.not_measured:
                    not_measured[part] = found.not_measured
                else:
                    growths[part] = found.as_json()
                    _write(options.results, growths, not_measured)
        finally:
            processes.end(set())
    told = {"growth": {part: growths[part] for part in options.only if part in growths}, "not measured": not_measured}
    print(json.dumps(told, indent=1) if options.json else markdown(told["growth"], not_measured))


def _kept(path: Path) -> dict[str, Any]:
    """What an earlier run found of the parts: those that are not measured now stay."""
    return dict(json.loads(path.read_text())["growth"]) if path.exists() else {}


def _write(folder: Path, growths: Mapping[str, Any], not_measured: Mapping[str, str]) -> None:
    """After each part: a run takes long."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = {part: growths[part] for part in SIZES if part in growths}
    (folder / JSON_FILE).write_text(json.dumps({"growth": ordered}, indent=1, ensure_ascii=False) + "\n")
    (folder / "growth.md").write_text(markdown(ordered, not_measured))
    (folder / "growth.svg").write_text(picture(ordered))


def _measured(part: str, sizes: Sequence[int], is_quick: bool, state: Path | None, scratch: Path) -> Growth:
    folder = scratch / part
    folder.mkdir()
    load_seconds = QUICK_LOAD_SECONDS if is_quick else LOAD_SECONDS
    rows_of_features = QUICK_ROWS_OF_FEATURES if is_quick else ROWS_OF_FEATURES
    if part == "instances" and not shutil.which("wrk"):
        return _left_out(part, "wrk is not installed (Debian: apt-get install wrk)")
    if part == "console" and state is None:
        return _left_out(part, "it wants the data folder of a system that reached production (--state)")
    measures: Mapping[str, Callable[[], Growth]] = {
        "instances": lambda: instances.measure(sizes, trained(), load_seconds, folder),
        "endpoints": lambda: endpoints.measure(sizes, folder),
        "features": lambda: features.measure(sizes, rows_of_features, folder),
        "rows": lambda: rows.measure(sizes, folder),
        "executions": lambda: executions.measure(sizes, folder),
        "console": lambda: executions.measure_pages(sizes, state or folder, folder),
    }
    try:
        return measures[part]()
    except subprocess.CalledProcessError as error:
        return _left_out(part, f"an environment cannot be made: {error}")


def _left_out(part: str, why: str) -> Growth:
    return Growth(part, part, (), not_measured=why)


if __name__ == "__main__":
    main()
