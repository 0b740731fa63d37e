"""How long the console's server takes for each page of a system with a long past, against one with a short past.

    python benchmarks/console_pages.py [--small 100] [--large 10000] [--state FOLDER] [--rounds 9] [--json]

The system is project/ in production. What it did is multiplied in its database: executions of the pipeline and the workflow, deployments,
jobs, trials and looks of the monitor `--large` times, a tenth of that of alarms, a hundred times that of metric points. Each page is asked
for from this machine, whole, one after the other; counted is the median. Aim: under 300 ms each, and at most 1.5 times its time with the
short past. FOLDER is the data folder of a system that reached production, which is copied; without it one is made.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from mlsystem.console.navigation import GROUPS
from tests.browsing import console_of
from tests.finished import finished_folder, system_on_copy
from tests.small_project import NAME

AIM_MS, AIM_RATIO = 300.0, 1.5
# Below this a page is at once there, and a ratio says nothing.
UNSEEN_MS = 100.0
KINDS = (
    "codepipeline.execution",
    "stepfunctions.execution",
    "codedeploy.deployment",
    "codebuild.build",
    "sagemaker.training_job",
    "sagemaker.processing_job",
    "sagemaker.trial",
    "sagemaker.monitoring_execution",
)
ALARM = "cloudwatch.alarm"
POINTS_DAYS = 14
HOUR, DAY = 3600.0, 86400.0
POINT = "namespace, name, dimensions, at, unit, sample_count, total, minimum, maximum, sample"
RECORD = "kind, key, parent, state, body, created_at, updated_at"
# Of each list, what its first entry leads to.
DETAILS = re.compile(
    rf'href="(/_console/{NAME}/(?:pipeline/executions|workflow|alarms|endpoints|monitor|logs)[/?][^"#]+)"'
)


def multiply(database: Path, executions: int) -> None:
    """Give the system a past of so many executions; what really happened stays the newest."""
    with sqlite3.connect(database) as connection:
        for kind, count in (*((kind, executions) for kind in KINDS), (ALARM, executions // 10)):
            connection.executemany(
                f"INSERT INTO records ({RECORD}) VALUES (?, ?, ?, ?, ?, ?, ?)", _copies(connection, kind, count)
            )
        points = connection.execute(f"SELECT {POINT} FROM metric_points").fetchall()
        marks = ", ".join("?" * len(POINT.split(", ")))
        connection.executemany(
            f"INSERT INTO metric_points ({POINT}) VALUES ({marks})", _points(points, executions * 100)
        )
    connection.close()


def _copies(connection: sqlite3.Connection, kind: str, count: int) -> Iterator[tuple[object, ...]]:
    found = connection.execute(
        f"SELECT {RECORD} FROM records WHERE kind = ? ORDER BY created_at DESC LIMIT 3", (kind,)
    ).fetchall()
    for number in range(count if found else 0):
        kind, key, parent, state, body, created, updated = found[number % len(found)]
        copy, past = f"{key}-{number}", (number + 1) * HOUR
        body = body.replace(key, copy)
        if kind.endswith("_job") and parent:  # each run has a trial of its own
            body = body.replace(parent, f"{parent}-{number}")
            parent = f"{parent}-{number}"
        yield kind, copy, parent, state, body, created - past, updated - past


def _points(points: Sequence[tuple[object, ...]], count: int) -> Iterator[tuple[object, ...]]:
    chance, now = random.Random(1), time.time()
    for number in range(count):
        namespace, name, dimensions, _, *rest = points[number % len(points)]
        yield namespace, name, dimensions, now - chance.random() * POINTS_DAYS * DAY, *rest


def measure(state: Path, executions: int, rounds: int, scratch: Path) -> dict[str, float]:
    """Milliseconds by page."""
    home = scratch / f"past-{executions}"
    with (
        system_on_copy(state, home, prepare=lambda: multiply(home / "state.db", executions)) as system,
        console_of(system.engine) as url,
    ):
        origin = url.removesuffix("/_console")
        pages = [f"/_console/{NAME}{path}" for _, group in GROUPS for _, path in group]
        asked = {path: path for path in pages}
        for page in pages:
            for path in reversed(DETAILS.findall(_read(origin + page))):
                asked[_kind(path)] = path.replace("&amp;", "&")
        found = {kind: _median(origin + path, rounds) for kind, path in asked.items()}
    return {kind.removeprefix(f"/_console/{NAME}"): value for kind, value in found.items()}


def _kind(path: str) -> str:
    """Of a page, without which one it is."""
    place = path.removeprefix(f"/_console/{NAME}")
    head, _, query = place.partition("?")
    parts = head.split("/")
    named = "/".join([*parts[:2], *("…" for _ in parts[2:])]) if "executions" not in parts else "/pipeline/executions/…"
    return named + (f"?{'&'.join(sorted(item.split('=')[0] for item in query.split('&amp;')))}" if query else "")


def _median(url: str, rounds: int) -> float:
    _read(url)
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        _read(url)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return str(answer.read().decode())


def faults(small: dict[str, float], large: dict[str, float]) -> list[str]:
    """What misses the aim."""
    return [
        f"{page}: {value:.0f} ms, with a short past {small.get(page, value):.0f} ms"
        for page, value in large.items()
        if value > AIM_MS or value > max(UNSEEN_MS, AIM_RATIO * small.get(page, value))
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        scratch = Path(name)
        state = given.state or finished_folder(scratch)
        small = measure(state, given.small, given.rounds, scratch)
        large = measure(state, given.large, given.rounds, scratch)
    missed = faults(small, large)
    if given.json:
        sys.stdout.write(json.dumps({"small": small, "large": large, "missed": missed}) + "\n")
        return 0
    sys.stdout.write(f"{'page':55} {given.small:>8,} {given.large:>8,} executions, ms\n")
    for page, value in large.items():
        before = small.get(page)
        ratio = f"{value / before:.2f} x" if before else ""
        sys.stdout.write(f"{page:55} {before or 0:8.1f} {value:8.1f}  {ratio}\n")
    sys.stdout.write("".join(f"misses the aim: {words}\n" for words in missed))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
