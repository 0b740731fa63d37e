#!/usr/bin/env python3
"""The demo's data set: January trains.

    python dataset.py FOLDER             writes train.csv, test.csv and baseline.csv
    python dataset.py FOLDER --bucket B  and data-source.zip, which points at them in the bucket B

`train.csv` and `test.csv` hold the flights that arrived, split by day, since flights of one day share its weather:
a random split would let the model peek. `baseline.csv` holds the features of all January flights, cancelled ones too:
it is what the traffic looked like, for the monitor to compare with.
"""

from __future__ import annotations

import argparse
import csv
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from flights import FEATURES, TARGET, Flight, flights_of

TRAINING_MONTH = 1
FIRST_TEST_DAY = 25
FILES = ("train.csv", "test.csv", "baseline.csv")
HYPERPARAMETERS = {"num_round": "40", "learning_rate": "0.1", "num_leaves": "31", "min_data_in_leaf": "40"}


def write_data(folder: Path) -> dict[str, int]:
    """Write the three files; returns their numbers of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    flights = flights_of(TRAINING_MONTH)
    arrived = [flight for flight in flights if flight.late is not None]
    rows = {
        "train.csv": [_labelled(flight) for flight in arrived if flight.day < FIRST_TEST_DAY],
        "test.csv": [_labelled(flight) for flight in arrived if flight.day >= FIRST_TEST_DAY],
        "baseline.csv": [flight.values for flight in flights],
    }
    for name in FILES:
        header = FEATURES if name == "baseline.csv" else (*FEATURES, TARGET)
        _write_csv(folder / name, header, rows[name])
    return {name: len(rows[name]) for name in FILES}


def write_data_source(path: Path, bucket: str, prefix: str = "flights") -> None:
    """data-source.zip: where the data lies, how to train, and which images to use (empty: build from container/)."""
    members = {
        "inputData.json": {
            "TrainingUri": f"s3://{bucket}/{prefix}/train.csv",
            "TestUri": f"s3://{bucket}/{prefix}/test.csv",
            "BaselineUri": f"s3://{bucket}/{prefix}/baseline.csv",
        },
        "hyperparameters.json": HYPERPARAMETERS,
        "imageDetail.json": {"ImageUri": "", "ImageLambdaUri": ""},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), json.dumps(content, indent=1) + "\n")


def _labelled(flight: Flight) -> tuple[str, ...]:
    assert flight.late is not None
    return (*flight.values, flight.late)


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="") as output:
        writer = csv.writer(output, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the demo's data set.")
    parser.add_argument("folder", type=Path, help="where to write")
    parser.add_argument("--bucket", help="write data-source.zip too, pointing at the files in this bucket")
    parser.add_argument("--prefix", default="flights", help="the files' folder in the bucket (default: flights)")
    arguments = parser.parse_args()
    for name, count in write_data(arguments.folder).items():
        print(f"{arguments.folder / name}: {count} rows")
    if arguments.bucket:
        write_data_source(arguments.folder / "data-source.zip", arguments.bucket, arguments.prefix)
        print(arguments.folder / "data-source.zip")


if __name__ == "__main__":
    main()
