"""How fast the analyzer is, and how much memory it takes, side by side with a bare scan and with the tools that people use.

    python benchmarks/analyzer_speed.py [--rows 1000000] [--rounds 3] [--peers DIR] [--large] [--json]

A file of 20 columns of numbers and 5 of words is made from a seed, as CSV, Parquet and capture files. Every contestant is
a process of its own that starts, reads the file and ends; they take turns, so that what else the machine does hits all
alike, and of each the fastest round counts (of peers the only one). Times are told beside the bare DuckDB scan of the same file.

`--peers DIR` holds a virtual environment for each peer, by the name of its package; those that are not there are left out.
To make one: `uv venv DIR/evidently && uv pip install --python DIR/evidently/bin/python evidently`.
`--large` adds ten million rows, a thousand columns, and how the time grows with rows and with columns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

PROGRAMS = Path(__file__).parent / "analyzer"
NUMBERS = 20
WORDS = (3, 10, 30, 100, 1000)  # how many different ones a column has
# What a peer's environment is called, and its program.
PEERS: Mapping[str, str] = {
    "polars": "polars_scan.py",
    "nannyml": "nannyml_drift.py",
    "whylogs": "whylogs_profile.py",
    "tensorflow-data-validation": "tfdv_profile.py",
    "evidently": "evidently_drift.py",
}
BARE = "bare DuckDB scan"


@dataclass(frozen=True)
class Contestant:
    name: str
    command: Sequence[str]
    is_peer: bool = False


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds on the clock and of all processors, and the most memory that it had at a time."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def cost(command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> Cost:
    """Raises RuntimeError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(variables or {})}
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {said.decode(errors='replace')[-2000:]}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compete(contestants: Sequence[Contestant], rounds: int) -> dict[str, Cost]:
    """The fastest round of each."""
    costs: dict[str, list[Cost]] = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        for contestant in contestants:
            if contestant.is_peer and number:
                continue  # some take minutes
            try:
                costs[contestant.name].append(cost(contestant.command))
            except RuntimeError as error:
                if not contestant.is_peer:
                    raise
                print(f"{contestant.name} does not run here: {error}", file=sys.stderr)
    return {name: min(found, key=lambda one: one.seconds) for name, found in costs.items() if found}


def make_files(folder: Path, rows: int, numbers: int = NUMBERS, words: Sequence[int] = WORDS) -> Path:
    """The CSV file of that many rows; one cell of numbers in a hundred is missing."""
    kinds = (
        "round({r} * 1000)::INT",
        "round({r} * 100 - 50, 3)",
        "round(-ln({r} + 1e-9) * 3, 5)",
        "round({r} * {r}, 2)",
    )
    columns = []
    for place in range(numbers):
        drawn = f"((hash(i * 31 + {place}) % 1000003) / 1000003.0)"
        value = kinds[place % len(kinds)].format(r=drawn)
        columns.append(f"CASE WHEN hash(i, {place}) % 100 > 0 THEN {value} END AS n{place}")
    columns += [f"'v' || (hash(i * 17 + {place}) % {count}) AS c{place}" for place, count in enumerate(words)]
    path = folder / f"{rows}x{numbers + len(words)}.csv"
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY (SELECT {', '.join(columns)} FROM range({rows}) t(i)) TO '{path}' (HEADER)")
    return path


def as_parquet(path: Path) -> Path:
    made = path.with_suffix(".parquet")
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY (SELECT * FROM read_csv('{path}')) TO '{made}' (FORMAT parquet)")
    return made


def as_capture(path: Path) -> Path:
    """The first column as the answer, the others as the request."""
    made = path.with_suffix(".jsonl")
    with path.open() as lines, made.open("w") as captured:
        next(lines)
        for number, line in enumerate(lines):
            answer, _, request = line.rstrip("\n").partition(",")
            captured.write(record(number, request, answer))
    return made


def record(number: int, request: str, answer: str) -> str:
    def body(mode: str, kind: str, data: str) -> dict[str, str]:
        return {"observedContentType": kind, "mode": mode, "data": data, "encoding": "CSV"}

    line = {
        "captureData": {
            "endpointInput": body("INPUT", "text/csv", request),
            "endpointOutput": body("OUTPUT", "text/csv; charset=utf-8", answer + "\n"),
        },
        "eventMetadata": {"eventId": f"47d2a5ac-7f6a-4f1c-b3a7-{number:012d}", "inferenceTime": "2022-04-18T00:21:48Z"},
        "eventVersion": "0",
    }
    return json.dumps(line, separators=(",", ":")) + "\n"


def made_apart(function: Callable[..., Path], *arguments: object) -> Path:
    """By a process of its own: the memory of this one would count as that of each contestant that it starts."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def analyzer(path: Path, folder: Path) -> list[Contestant]:
    """Profile, and check against what that found."""
    run = [sys.executable, "-m", "mlsystem.monitor"]
    baseline = folder / f"baseline-{path.name}"
    cost([*run, "profile", str(path), "--output", str(baseline)])
    return [
        Contestant("profile", [*run, "profile", str(path), "--output", str(folder / "profile")]),
        Contestant("check", [*run, "check", str(path), "--baseline", str(baseline), "--output", str(folder / "check")]),
    ]


def peers(path: Path, environments: Path | None) -> Iterator[Contestant]:
    for name, program in PEERS.items():
        python = environments / name / "bin" / "python" if environments else None
        if python and python.exists():
            yield Contestant(name, [str(python), str(PROGRAMS / program), str(path)], is_peer=True)


def bare(path: Path) -> Contestant:
    program = "duckdb_capture.py" if path.suffix == ".jsonl" else "duckdb_scan.py"
    return Contestant(BARE, [sys.executable, str(PROGRAMS / program), str(path)])


def show(title: str, costs: Mapping[str, Cost]) -> None:
    print(f"\n{title}", flush=True)
    reference = costs.get(BARE)
    for name, found in costs.items():
        ratio = f"{found.seconds / reference.seconds:6.2f} x bare" if reference else ""
        print(
            f"  {name:28} {found.seconds:7.2f} s {found.cpu_seconds:7.2f} CPU s {found.megabytes:7.0f} MB {ratio}",
            flush=True,
        )


def large(folder: Path) -> Iterator[tuple[str, dict[str, Cost]]]:
    """Memory at ten million rows; a thousand columns; how the time grows."""
    for rows in (100_000, 300_000, 3_000_000, 10_000_000):
        path = made_apart(make_files, folder, rows)
        yield f"{rows:,} rows x 25 columns, CSV", compete([bare(path), *analyzer(path, folder)], 1)
        path.unlink()
    for numbers in (100, 300, 1000):
        path = made_apart(make_files, folder, 25_000, numbers)
        yield f"25,000 rows x {numbers + 5} columns, CSV", compete([bare(path), *analyzer(path, folder)], 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, dict[str, Cost]] = {}

    def take(title: str, costs: dict[str, Cost]) -> None:
        results[title] = costs
        if not options.json:
            show(title, costs)

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        csv = made_apart(make_files, folder, options.rows)
        size = f"{options.rows:,} rows x {NUMBERS + len(WORDS)} columns"
        take(f"{size}, CSV", compete([bare(csv), *analyzer(csv, folder), *peers(csv, options.peers)], options.rounds))
        capture = made_apart(as_capture, csv)
        take(f"{size}, capture files", compete([bare(capture), *analyzer(capture, folder)], options.rounds))
        take(f"{size}, Parquet", compete(analyzer(made_apart(as_parquet, csv), folder), options.rounds))
        if options.large:
            for title, costs in large(folder):
                take(title, costs)
    if options.json:
        print(
            json.dumps({title: {name: asdict(one) for name, one in costs.items()} for title, costs in results.items()})
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
