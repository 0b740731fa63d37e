#!/usr/bin/env python3
"""Prepare Data of the small system: checks that there are rows, and hands them on with the schema that they have."""

import csv
import sys
from pathlib import Path

from schema import Feature, Schema
from utils import PROCESSING, SCHEMA_FILE, ContainerError, csv_files, open_csv, run_processing_job

COLUMNS = ["size", "weight", "late"]
REQUESTS = 100


def prepare() -> str:
    counts = {}
    for name in ("train", "test", "baseline"):
        folder = PROCESSING / "input" / name
        if name == "baseline" and not folder.is_dir():
            folder = PROCESSING / "input" / "train"
        rows = []
        for path in csv_files(folder):
            with open_csv(path) as text:
                rows += list(csv.DictReader(text))
        if not rows:
            raise ContainerError(f"{folder}: there are no rows")
        counts[name] = len(rows)
        columns = COLUMNS[:2] if name == "baseline" else COLUMNS
        _write(PROCESSING / name / f"{name}.csv", columns, rows)
        if name == "test":
            _write(PROCESSING / "requests" / "requests.csv", COLUMNS[:2], rows[:REQUESTS])
    features = (Feature("size"), Feature("weight"))
    Schema("binary", "late", ("0", "1"), features, ("",)).save(PROCESSING / "train" / SCHEMA_FILE)
    return f"prepare: {counts}"


def _write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as output:
        writer = csv.DictWriter(output, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(run_processing_job(prepare))
