"""How many predictions a second, and how late the slowest: our endpoint beside the ways that people serve a model with today.

    python benchmarks/serving.py [--rounds 3] [--seconds 3] [--only NAME ...] [--quick] [--results benchmarks/results] [--json]

A LightGBM classifier of 100 rounds and four classes over 126 numbers is served by each contender in two workers on
loopback, and loaded by wrk over 16 and 64 keep-alive connections with requests of one row and of 100. Before it is
measured, a contender's answers must be those of the model. The contenders take turns, round by round, and a load on the
bare handler goes before each load on a contender: what is told is the ratio of the two, the middle one of all rounds.
So what else happens on the machine hits both alike. Client and server share the machine's cores.

Two contenders are the whole REST API, function included: the project's own, and one with the handler that most descriptions have.

The bare handler is Granian with LightGBM's C functions, without anything else. The environments of the others are
made from locked requirements (`benchmarks/peers/`) and kept in this user's cache; who cannot run here is named, with
the reason. Written are serving.json, serving.md and serving.svg. `--quick` takes a few contenders, for a second each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.served.contender import Contender
from benchmarks.served.endpoint import CAPTURED, UNCAPTURED
from benchmarks.served.measuring import Case, Measuring
from benchmarks.served.programs import BARE, CONTAINER, CONTAINER_ON_AWS, FASTAPI, FRAMEWORKS
from benchmarks.served.report import markdown, picture, summary
from benchmarks.served.rest_api import OWN_API, PLAIN_API
from benchmarks.served.workload import trained

ROOT = Path(__file__).parents[1]
CONTENDERS: tuple[Contender, ...] = (
    CAPTURED,
    UNCAPTURED,
    CONTAINER,
    CONTAINER_ON_AWS,
    FASTAPI,
    *FRAMEWORKS,
    OWN_API,
    PLAIN_API,
)
CASES = tuple(Case(rows, connections) for rows in (1, 100) for connections in (16, 64))
QUICK_CONTENDERS: tuple[Contender, ...] = (CAPTURED, FASTAPI)
QUICK_CASES = CASES[:1]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each load")
    parser.add_argument("--only", nargs="+", choices=[one.name for one in CONTENDERS], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    contenders = QUICK_CONTENDERS if options.quick else CONTENDERS
    if options.only:
        contenders = tuple(one for one in CONTENDERS if one.name in options.only)
    cases, rounds, seconds = (QUICK_CASES, 1, 1) if options.quick else (CASES, options.rounds, options.seconds)
    # Whoever ends it early finds nothing left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measuring = Measuring(BARE, contenders, cases, seconds, trained(), Path(folder))
        measuring.run(rounds)
    found = summary(measuring)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "serving.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.results / "serving.md").write_text(markdown(found))
    (options.results / "serving.svg").write_text(picture(found))
    print(json.dumps(found, indent=1) if options.json else markdown(found))


if __name__ == "__main__":
    main()
