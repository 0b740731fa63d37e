#!/usr/bin/env python3
"""Model Evaluation: the processing job whose file the gate reads.

Reads `/opt/ml/processing/model/model.tar.gz` and the prepared `/opt/ml/processing/test` or, where there is one, the raw
`/opt/ml/processing/raw`: a model of an earlier run sees the rows through its own schema, as it would in production.
Writes `/opt/ml/processing/evaluation/eval.json` in SageMaker's model-quality schema. Whatever is missing or undefined ends
the job with an error: a gate must never find a figure that was not measured. Where there is `/opt/ml/processing/baseline`,
the answers to its rows go to `predictions/predictions.csv`.

PROBABILITY_THRESHOLD (default 0.5) is the score at which a binary row counts as positive; it does not touch the AUC.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from baseline_answers import write_answers
from metrics import (
    UndefinedMetricError,
    binary_metrics,
    multiclass_metrics,
    regression_metrics,
    residual_histogram,
)
from predictor import ModelError, Predictor
from prepare_data import write_encoded
from prepared_data import PreparedData, load_prepared
from schema import Schema, SchemaError
from utils import INFERENCE_FOLDER, MODEL_FILE, PROCESSING, SCHEMA_FILE, ContainerError, csv_files, run_processing_job


def evaluate(folder: Path, environment: Mapping[str, str]) -> str:
    """The whole job below `folder`; returns its closing sentence."""
    with tempfile.TemporaryDirectory() as scratch:
        predictor = _load_model(folder / "model" / "model.tar.gz", Path(scratch))
    data = _test_set(folder, predictor.schema)
    try:
        metrics = quality(predictor, data, _threshold(environment))
    except UndefinedMetricError as error:
        raise ContainerError(f"{folder / 'test'}: {error}") from error
    dataset = {"item_count": len(data.labels), "evaluation_time": datetime.now(UTC).isoformat(timespec="seconds")}
    path = folder / "evaluation" / "eval.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 0.0, "dataset": dataset, **metrics}, indent=1, allow_nan=False) + "\n")
    baseline = folder / "baseline"
    if baseline.is_dir():
        write_answers(predictor, baseline, folder / "predictions" / "predictions.csv")
    return f"evaluate: {len(data.labels)} rows; {_headline(metrics)}"


def _test_set(folder: Path, schema: Schema) -> PreparedData:
    """The raw rows, encoded by the model's own schema, or else those that Prepare Data encoded by the same.

    How many rows may be bad is not asked here: the report tells how many were good, and who compares two models compares that.
    """
    raw = folder / "raw"
    if not raw.is_dir():
        return load_prepared(folder / "test", schema)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "test.csv"
        print(
            write_encoded(csv_files(raw), [schema.target, *schema.names], schema, path, max_bad_share=1.0), flush=True
        )
        return load_prepared(path.parent, schema)


def quality(predictor: Predictor, data: PreparedData, threshold: float) -> dict[str, Any]:
    """The metrics under the name of their task, as the gate looks them up; of a regression also how its errors are distributed."""
    schema, scores = predictor.schema, predictor.scores(data.features)
    if schema.task == "regression":
        return {
            "regression_metrics": regression_metrics(data.labels, scores),
            "residuals": residual_histogram(data.labels, scores),
        }
    labels = data.labels.astype(np.int64)
    if schema.task == "binary":
        return {"binary_classification_metrics": binary_metrics(labels, scores, threshold, schema.classes)}
    return {"multiclass_classification_metrics": multiclass_metrics(labels, scores.argmax(axis=1), schema.classes)}


def _load_model(archive: Path, scratch: Path) -> Predictor:
    try:
        with tarfile.open(archive) as packed:
            for name in (MODEL_FILE, f"{INFERENCE_FOLDER}/{SCHEMA_FILE}"):
                _unpack(packed, name, archive, scratch)
        return Predictor(scratch)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ContainerError(f"{archive}: cannot be unpacked: {error}") from error
    except (SchemaError, ModelError) as error:
        raise ContainerError(f"{archive}: {error}") from error


def _unpack(packed: tarfile.TarFile, name: str, archive: Path, folder: Path) -> None:
    """One file by its name: an archive's own paths are not trusted to say where to write."""
    member = next((entry for entry in packed if entry.isfile() and os.path.normpath(entry.name) == name), None)
    content = packed.extractfile(member) if member else None
    if content is None:
        raise ContainerError(f"{archive}: holds no {name}; was it written by the training job?")
    with content:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.read())


def _threshold(environment: Mapping[str, str]) -> float:
    text = environment.get("PROBABILITY_THRESHOLD", "") or "0.5"
    try:
        return float(text)
    except ValueError as error:
        raise ContainerError(f"PROBABILITY_THRESHOLD is {text!r}; it must be a number from 0 to 1") from error


def _headline(metrics: dict[str, Any]) -> str:
    """The single figures, for the log."""
    group = next(iter(metrics.values()))
    figures = [f"{name} {entry['value']:.4f}" for name, entry in group.items() if "value" in entry]
    return ", ".join(figure for figure in figures if "best_constant" not in figure)


def main() -> int:
    return run_processing_job(lambda: evaluate(PROCESSING, os.environ))


if __name__ == "__main__":
    sys.exit(main())
