#!/usr/bin/env python3
"""Prepare Data of the small system: checks that there are rows, and hands them on with the schema that they have."""

import csv
import sys

from schema import Feature, Schema
from utils import PROCESSING, SCHEMA_FILE, ContainerError, csv_files, open_csv, run_processing_job

COLUMNS = ["size", "weight", "late"]


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
        target = PROCESSING / name
        target.mkdir(parents=True, exist_ok=True)
        with (target / f"{name}.csv").open("w", newline="") as output:
            writer = csv.DictWriter(output, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    features = (Feature("size"), Feature("weight"))
    Schema("binary", "late", ("0", "1"), features, ("",)).save(PROCESSING / "train" / SCHEMA_FILE)
    return f"prepare: {counts}"


if __name__ == "__main__":
    sys.exit(run_processing_job(prepare))
