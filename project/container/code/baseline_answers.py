"""What the model answers to the rows of the baseline: the monitor compares production's answers with these, beside its requests."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from predictor import Predictor, answers_as_csv
from raw_data import BadRows, rows_of
from utils import ContainerError, csv_files

COLUMNS = ("prediction", "probability")  # the cells of an answer, in the order of `Predictor.answers`
ROWS_AT_ONCE = 10_000


def write_answers(predictor: Predictor, baseline: Path, path: Path) -> int:
    """One line an answer, with a header; how many there are. `baseline` holds requests, as Prepare Data writes them.

    A column that is called like a feature gets underscores: names must tell which is which.
    """
    bad, count = BadRows("baseline"), 0
    rows = (row.cells for row in rows_of(csv_files(baseline), predictor.schema.names, bad))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as output:
        for batch in _batches(rows):
            answers = predictor.answers(batch)
            if not count:
                names = [_free(name, predictor.schema.names) for name in COLUMNS[: len(answers[0])]]
                csv.writer(output, lineterminator="\n").writerow(names)
            output.write(answers_as_csv(answers))
            count += len(answers)
    if not count:
        raise ContainerError(f"{baseline}: holds no row that the model could answer; {bad}")
    return count


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name
