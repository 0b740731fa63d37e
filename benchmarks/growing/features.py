"""More features: the container program's jobs and its answer to one row, and the monitor's check, as processes of their own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.analyzer_speed import WORDS, analyzer, cost, made_apart, make_files
from benchmarks.growing.growth import Growth, Ought, Quantity
from benchmarks.served.environments import environment
from benchmarks.served.programs import CODE, ONE_ROW_PROGRAM, copied_program

ONE_ROW, PREPARE = "request of one row, CPU", "Prepare Data, CPU"
CHECK, CHECK_MEMORY = "monitor's check, CPU", "monitor's check, memory"
QUANTITIES = (
    Quantity(ONE_ROW, "µs", Ought.BE_IN_PROPORTION, 50.0),
    Quantity(PREPARE, "s", Ought.BE_IN_PROPORTION, 0.3),
    Quantity(CHECK, "s", Ought.BE_IN_PROPORTION, 0.3),
    Quantity(CHECK_MEMORY, "MB", Ought.BE_IN_PROPORTION, 50.0),
)
TARGET = "n0"  # a number: the model is a regression of the others
REQUESTS = 500
HYPERPARAMETERS = {"num_round": "20", "num_threads": "1"}


def measure(sizes: Sequence[int], rows: int, folder: Path) -> Growth:
    growth = Growth("features", f"features of {rows:,} rows", QUANTITIES)
    for size in sizes:
        place = folder / f"{size}-features"
        place.mkdir()
        growth.points[size] = _measured(size, rows, place)
    return growth


def _measured(features: int, rows: int, folder: Path) -> dict[str, float]:
    data = made_apart(make_files, folder, rows, features + 1 - len(WORDS))
    program = copied_program(folder)
    python = environment(CODE / "requirements.txt") / "bin" / "python"
    processing, training = folder / "ml" / "processing", folder / "ml" / "input"
    for name in ("train", "test"):
        (processing / "input" / name).mkdir(parents=True)
        (processing / "input" / name / f"{name}.csv").symlink_to(data)
    (folder / "ml" / "model").mkdir()
    variables = {"TARGET_COLUMN": TARGET, "TASK_TYPE": "regression"}
    prepare = cost([python, program / "prepare_data.py"], variables)
    (training / "data").mkdir(parents=True)
    (training / "data" / "train").symlink_to(processing / "train")
    (training / "config").mkdir()
    (training / "config" / "hyperparameters.json").write_text(json.dumps(HYPERPARAMETERS))
    cost([python, program / "train"])
    row = folder / "row.csv"
    row.write_text(_request(processing / "requests" / "requests.csv"))
    asked = [str(python), str(ONE_ROW_PROGRAM), str(program), str(row), str(REQUESTS)]
    one_row = float(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    _, check = analyzer(data, folder)  # the profile that it is checked against is made with them
    checked = cost(check.command)
    return {
        ONE_ROW: round(one_row, 1),
        PREPARE: round(prepare.cpu_seconds, 2),
        CHECK: round(checked.cpu_seconds, 2),
        CHECK_MEMORY: round(checked.megabytes),
    }


def _request(requests: Path) -> str:
    """The first row that was kept as a request."""
    return requests.read_text().splitlines()[1] + "\n"
