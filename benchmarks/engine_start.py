"""What starting the engine costs: from the command to ready, and to the first answer of its API. Aim: ready in under 3 s.

    python benchmarks/engine_start.py [--rounds 5] [--json]

A fresh folder and a folder with a state in it are started in turn. The bare interpreter with nothing but the engine's imports is
measured in the same rounds: what is above it is the engine's own doing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3

AIM_SECONDS = 3.0
IMPORTS = "import mlsystem.engine.start"


def start_once(folder: Path) -> tuple[float, float]:
    """Seconds to ready, and to the first answer; the engine is ended again."""
    command = [sys.executable, "-m", "mlsystem.engine", str(folder), "--port", "0"]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            ready = time.perf_counter() - begun
            first_answer(url, folder)
            return ready, time.perf_counter() - begun
        finally:
            process.terminate()
            process.wait(30)
            subprocess.run([*command[:4], "--down"], stdout=subprocess.DEVNULL, check=True)


def first_answer(url: str, folder: Path) -> None:
    keys = json.loads((folder / "credentials.json").read_text())
    client = boto3.client(
        "sts",
        endpoint_url=url,
        region_name=keys["region"],
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
    )
    client.get_caller_identity()


def imports_once() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - begun


def measure(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"imports alone": [], "fresh folder, ready": [], "fresh folder, first answer": []}
    found |= {"same folder again, ready": [], "same folder again, first answer": []}
    for _ in range(rounds):
        found["imports alone"].append(imports_once())
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for name in ("fresh folder", "same folder again"):
                ready, answered = start_once(Path(folder))
                found[f"{name}, ready"].append(ready)
                found[f"{name}, first answer"].append(answered)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds)
    rows = {
        name: {"median_s": round(statistics.median(values), 2), "min_s": round(min(values), 2)}
        for name, values in found.items()
    }
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    bare = rows["imports alone"]["median_s"]
    print(f"{'':34}{'median s':>10}{'min s':>8}{'to imports':>12}")
    for name, row in rows.items():
        print(f"{name:34}{row['median_s']:>10.2f}{row['min_s']:>8.2f}{row['median_s'] / bare:>12.2f}")
    ready = rows["fresh folder, ready"]["median_s"]
    print(f"aim: ready in under {AIM_SECONDS:g} s: {'met' if ready < AIM_SECONDS else 'missed'}")


if __name__ == "__main__":
    main()
