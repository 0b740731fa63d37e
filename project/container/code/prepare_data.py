#!/usr/bin/env python3
"""Prepare Data: the processing job that turns raw CSV files into what the later jobs read.

Reads `/opt/ml/processing/input/{train,test}` (CSV or CSV.gz with a header) and, if it is there, `input/baseline`.
Writes below `/opt/ml/processing`:

- `train/train.csv`, `test/test.csv`: the label first, then the features, all as numbers, no header;
- `train/schema.json`: columns, categories and classes, learned from the training data alone;
- `baseline/baseline.csv`: the features as a request holds them, with a header, for the Baseline Job;
- `requests/requests.csv`: the same of the first rows of the test set, for the requests that check a deployment.

What the columns mean is configuration: see data_config.py.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from data_config import DataConfig, read_config
from encoding import CellError, RowEncoder, read_number
from raw_data import BadRows, header_of, rows_of
from schema import Feature, Schema
from utils import PROCESSING, SCHEMA_FILE, ContainerError, csv_files, run_processing_job

NUMERIC_SHARE = 0.95  # a column is a number when at least this share of its values are; the others are bad rows
SAMPLED_REQUESTS = 100  # rows of the test set that are kept as requests
MAX_CATEGORIES = 1000  # of one feature; rarer values are treated like unknown ones


def prepare(folder: Path, environment: dict[str, str]) -> str:
    """The whole job below `folder`; returns its closing sentence."""
    raw = {name: csv_files(folder / "input" / name) for name in ("train", "test")}
    config = read_config(environment, folder / "input" / "train")
    columns = [config.target_column, *_feature_names(config, header_of(raw["train"][0]))]
    schema = learn_schema(raw["train"], columns, config)
    closing_words = [
        write_encoded(files, columns, schema, folder / name / f"{name}.csv", config.max_bad_row_share)
        for name, files in raw.items()
    ]
    schema.save(folder / "train" / SCHEMA_FILE)
    baseline = folder / "input" / "baseline"
    source = csv_files(baseline) if baseline.is_dir() else raw["train"]
    write_baseline(source, schema, folder / "baseline" / "baseline.csv", config.max_bad_row_share)
    write_requests(raw["test"], schema, folder / "requests" / "requests.csv")
    return "; ".join(closing_words)


def learn_schema(files: list[Path], columns: list[str], config: DataConfig) -> Schema:
    """Which features are categories, which categories and which classes there are."""
    missing = ("", *config.missing_values)
    categorical = _categorical(files, columns[1:], config, missing)
    counts: dict[str, Counter[str]] = {name: Counter() for name in columns if name in categorical}
    labels: Counter[str] = Counter()
    counted = [(place, counts[name]) for place, name in enumerate(columns) if name in counts]
    for row in rows_of(files, columns, BadRows("train")):
        if row.cells[0] not in missing:
            labels[row.cells[0]] += 1
            for place, counter in counted:
                counter[row.cells[place]] += 1
    return Schema(
        task=config.task_type,
        target=config.target_column,
        classes=_classes(labels, config),
        features=tuple(
            Feature(name, _categories(counts[name], missing) if name in counts else None) for name in columns[1:]
        ),
        missing_values=missing,
    )


def write_encoded(files: list[Path], columns: list[str], schema: Schema, path: Path, max_bad_share: float) -> str:
    """One data set as numbers, the label first; returns what to say about it."""
    bad = BadRows(path.stem)
    read_label = _label_reader(schema)
    encoder = RowEncoder(schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as output:
        for row in rows_of(files, columns, bad):
            try:
                numbers = [read_label(row.cells[0]), *encoder.encode_row(row.cells[1:])]
            except CellError as error:
                bad.add(f"an unreadable number: {error}", row.place)
            except ValueError as error:
                bad.add(str(error), row.place)
            else:
                output.write(",".join(map(repr, numbers)) + "\n")
    bad.require_few(max_bad_share)
    return f"{path.stem}: {bad}"


def write_baseline(files: list[Path], schema: Schema, path: Path, max_bad_share: float) -> None:
    """The features as requests hold them. Labels are not needed, so that it may hold rows that have none."""
    bad = BadRows("baseline")
    _write_features(_readable_rows(files, schema, bad), schema, path)
    bad.require_few(max_bad_share)


def write_requests(files: list[Path], schema: Schema, path: Path) -> None:
    """The first rows that can be read, as requests hold them. That there are some, and how many cannot be read, is known:
    the same files were encoded before."""
    rows = _readable_rows(files, schema, BadRows("requests"))
    _write_features(islice(rows, SAMPLED_REQUESTS), schema, path)


def _readable_rows(files: list[Path], schema: Schema, bad: BadRows) -> Iterator[list[str]]:
    """The features of each row, a missing one empty: any other word for it would make its column one of texts."""
    encoder = RowEncoder(schema)
    missing = frozenset(schema.missing_values)
    for row in rows_of(files, schema.names, bad):
        try:
            encoder.encode_row(row.cells)
        except CellError as error:
            bad.add(f"an unreadable number: {error}", row.place)
        else:
            yield ["" if cell in missing else cell for cell in row.cells]


def _write_features(rows: Iterable[list[str]], schema: Schema, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as output:
        writer = csv.writer(output, lineterminator="\n")
        writer.writerow(schema.names)
        writer.writerows(rows)


def _feature_names(config: DataConfig, header: list[str]) -> list[str]:
    left_out = {config.target_column, *config.ignored_columns}
    names = list(config.features) or [name for name in header if name not in left_out]
    unknown = [name for name in config.categorical_features if name not in names]
    if unknown:
        raise ContainerError(
            f"categorical_features names {unknown[0]!r}, which is no feature; features: {', '.join(names)}"
        )
    if not names:
        raise ContainerError("there are no features: every column is the target or ignored")
    return names


def _categorical(files: list[Path], names: list[str], config: DataConfig, missing: tuple[str, ...]) -> set[str]:
    """The stated features or, where none are stated, the columns whose values mostly are not numbers."""
    if config.categorical_features:
        return set(config.categorical_features)
    present, numbers = [0] * len(names), [0] * len(names)
    for row in rows_of(files, names, BadRows("train")):
        for place, cell in enumerate(row.cells):
            if cell not in missing:
                present[place] += 1
                numbers[place] += _is_number(cell)
    return {name for name, some, good in zip(names, present, numbers, strict=True) if good < NUMERIC_SHARE * some}


def _is_number(cell: str) -> bool:
    try:
        read_number(cell)
    except ValueError:
        return False
    return True


def _categories(counter: Counter[str], missing: tuple[str, ...]) -> tuple[str, ...]:
    frequent = [value for value, _ in counter.most_common() if value not in missing][:MAX_CATEGORIES]
    return tuple(sorted(frequent))


def _classes(labels: Counter[str], config: DataConfig) -> tuple[str, ...]:
    """The classes in order, the positive one last; none for a regression."""
    if config.task_type == "regression":
        return ()
    classes = sorted(labels, key=float if all(map(_is_number, labels)) else str)
    found = f"column {config.target_column!r} of the training data holds {', '.join(classes[:10]) or 'no value'}"
    if config.task_type == "binary" and len(classes) != 2:
        raise ContainerError(f"{found}; a binary task needs exactly two values")
    if len(classes) < 2:
        raise ContainerError(f"{found}; a classification needs at least two values")
    if config.task_type == "binary" and config.positive_label:
        if config.positive_label not in classes:
            raise ContainerError(f"{found}; positive_label {config.positive_label!r} is not among them")
        classes.sort(key=lambda value: value == config.positive_label)
    return tuple(classes)


def _label_reader(schema: Schema) -> Callable[[str], float]:
    missing = frozenset(schema.missing_values)
    codes = {name: float(code) for code, name in enumerate(schema.classes)}

    def read(cell: str) -> float:
        if cell in missing:
            raise ValueError("no label")
        if not schema.classes:
            return _target_number(cell)
        if cell not in codes:
            raise ValueError(f"a label that the training data does not have: {cell[:80]!r}")
        return codes[cell]

    return read


def _target_number(cell: str) -> float:
    try:
        return read_number(cell)
    except ValueError as error:
        raise ValueError(f"a label that is not a number: {cell[:80]!r}") from error


def main() -> int:
    return run_processing_job(lambda: f"prepare_data: {prepare(PROCESSING, dict(os.environ))}")


if __name__ == "__main__":
    sys.exit(main())
