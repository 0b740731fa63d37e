"""Profiles of the hot paths: by py-spy of the Python processes under load, and by callgrind of a request in the model's server.

    python benchmarks/profiles.py [--seconds 15] [--requests 1000] [--only NAME ...] [--results benchmarks/results] [--json]

The endpoint with capture and the REST API are loaded as `benchmarks/serving.py` loads them, one row and 16 connections, and the
busiest process of each part that is Python is sampled: told is in which function it was how often, of all the times that it held the
interpreter's lock (waiting, sockets and LightGBM's trees are not in it). Callgrind counts the instructions of so many requests more
than a few, so that neither start nor loading is in them, by library and by function. py-spy asks for root, or for
`kernel.yama.ptrace_scope` 0. It wants `wrk` and `valgrind`. Written is profiles.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.served import processes
from benchmarks.served.contender import Contender
from benchmarks.served.endpoint import CAPTURED
from benchmarks.served.environments import PEERS, environment
from benchmarks.served.parts import SERVER, seconds_used
from benchmarks.served.programs import CODE, ONE_ROW_PROGRAM, program_with_model
from benchmarks.served.rest_api import OWN_API
from benchmarks.served.workload import Workload, trained
from benchmarks.served.wrk import load

ROOT = Path(__file__).parents[1]
CONTENDERS: tuple[Contender, ...] = (CAPTURED, OWN_API)
PYTHON_PARTS = (SERVER, "engine", "function host", "function")
CONNECTIONS = 16
WARM_SECONDS = 2
SAMPLES_A_SECOND = 250
FEW_REQUESTS = 100
TOLD = 15
COST = re.compile(r"[+*\d-]\S* (\d+)")  # a place and its instructions

Shares = Mapping[str, float]


def sampled(contender: Contender, workload: Workload, seconds: int) -> dict[str, Shares]:
    """Of each part: its functions' shares of the samples, as "name (file)"."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with contender.serving(workload, folder) as service:
            service.require_right_answers(workload)
            body = folder / "body"
            body.write_bytes(service.wire.body(workload.rows[:1]))
            before = seconds_used()
            load(service.url, body, service.wire.content_type, CONNECTIONS, WARM_SECONDS)
            samplers = {
                part: _sampler(pid, folder / f"{part}.txt", seconds)
                for part, pid in busiest(before, seconds_used()).items()
                if part in PYTHON_PARTS
            }
            found = load(service.url, body, service.wire.content_type, CONNECTIONS, seconds + WARM_SECONDS)
            for part, sampler in samplers.items():
                _, said = sampler.communicate()
                if sampler.returncode:
                    raise SystemExit(f"py-spy of the {part}: {said.strip()}")
            shares = {part: shares_of((folder / f"{part}.txt").read_text()) for part in samplers}
        processes.end(set())
    if found.errors or not found.requests:
        raise SystemExit(f"{contender.name}: {found.errors} errors, {found.requests} requests")
    return shares


def _sampler(pid: int, written: Path, seconds: int) -> subprocess.Popen[str]:
    tool = environment(PEERS / "py_spy.txt") / "bin" / "py-spy"
    options = ["--format", "raw", "--function", "--gil", "--rate", str(SAMPLES_A_SECOND), "--duration", str(seconds)]
    command = [str(tool), "record", *options, "--pid", str(pid), "--output", str(written)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def busiest(
    before: Mapping[int, tuple[str, float, float]], after: Mapping[int, tuple[str, float, float]]
) -> dict[str, int]:
    """The process of each part that has used most in between."""
    used = {pid: sum(spent) - sum(before.get(pid, ("", 0.0, 0.0))[1:]) for pid, (_, *spent) in after.items()}
    return {after[pid][0]: pid for pid in sorted(used, key=lambda pid: used[pid])}


def shares_of(written: str) -> Shares:
    """Of lines of frames, the outermost first, with how often each was met: what share each function was innermost in."""
    counts = Counter[str]()
    for line in written.splitlines():
        frames, _, times = line.rpartition(" ")
        counts[frames.rpartition(";")[2] or "outside of Python"] += int(times)
    return {name: count / counts.total() for name, count in counts.most_common(TOLD)}


def counted(workload: Workload, requests: int) -> dict[str, dict[str, int]]:
    """Instructions of a request: by library, and by function."""
    few, many = _instructions(workload, FEW_REQUESTS), _instructions(workload, FEW_REQUESTS + requests)
    libraries, functions = Counter[str](), Counter[str]()
    for (library, function), spent in (many - few).items():
        libraries[library] += spent
        functions[f"{function} ({library})"] += spent
    return {
        "library": {name: round(spent / requests) for name, spent in libraries.most_common(TOLD)},
        "function": {name: round(spent / requests) for name, spent in functions.most_common(TOLD)},
    }


def _instructions(workload: Workload, requests: int) -> Counter[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        written, row = folder / "callgrind.out", folder / "row.csv"
        row.write_text(workload.rows[0])
        python = environment(CODE / "requirements.txt") / "bin" / "python"
        tool = ["valgrind", "--tool=callgrind", "--compress-strings=no", f"--callgrind-out-file={written}"]
        asked = [ONE_ROW_PROGRAM, program_with_model(folder, workload), row, requests]
        command = [str(word) for word in (*tool, python, *asked)]
        variables = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"valgrind: {done.stderr[-1500:]}")
        return own_instructions(written.read_text().splitlines())


def own_instructions(lines: Iterable[str]) -> Counter[tuple[str, str]]:
    """Of callgrind's file with whole names: what each library's functions took themselves, what is inlined into them included.

    Source: "Callgrind Format Specification" of Valgrind's manual.
    """
    found = Counter[tuple[str, str]]()
    library = function = ""
    is_of_callee = False
    for line in lines:
        if line.startswith("ob="):
            library = Path(line.removeprefix("ob=")).name
        elif line.startswith("fn="):
            function = line.removeprefix("fn=")
        elif line.startswith("calls="):
            is_of_callee = True
        elif cost := COST.fullmatch(line):
            if not is_of_callee:
                found[library, function] += int(cost[1])
            is_of_callee = False
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15, help="of sampling each contender")
    parser.add_argument("--requests", type=int, default=1000, help="whose instructions are counted")
    names = [one.name for one in CONTENDERS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help="what is sampled")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for tool in ("wrk", "valgrind"):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is not installed (Debian: apt-get install {tool})")
    processes.adopt_orphans()
    workload = trained()
    samples = {one.name: sampled(one, workload, options.seconds) for one in CONTENDERS if one.name in options.only}
    instructions = counted(workload, options.requests)
    written = json.dumps({"sampled": samples, "instructions of a request": instructions}, indent=1)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "profiles.json").write_text(written + "\n")
    if options.json:
        print(written)
        return
    for name, parts in samples.items():
        for part, shares in parts.items():
            print(f"\n{name}: {part}")
            for function, share in shares.items():
                print(f"  {share:>7.1%}  {function}")
    for kind, spent in instructions.items():
        print(f"\ninstructions of a request by {kind}")
        for name, count in spent.items():
            print(f"  {count:>9,}  {name}")


if __name__ == "__main__":
    main()
