#!/usr/bin/env python3
"""Evaluation of the small system: reports the quality that the model claims."""

import json
import sys
import tarfile

from utils import MODEL_FILE, PROCESSING, run_processing_job


def evaluate() -> str:
    with tarfile.open(PROCESSING / "model" / "model.tar.gz") as archive:
        member = next(entry for entry in archive if entry.name.removeprefix("./") == MODEL_FILE)
        content = archive.extractfile(member)
        assert content is not None
        model = json.load(content)
    report = {"binary_classification_metrics": {"auc": {"value": model["auc"], "standard_deviation": "NaN"}}}
    (PROCESSING / "evaluation").mkdir(exist_ok=True)
    (PROCESSING / "evaluation" / "eval.json").write_text(json.dumps(report))
    if (PROCESSING / "baseline").is_dir():
        _answer_baseline(float(model["limit"]))
    return f"evaluate: auc {model['auc']}"


def _answer_baseline(limit: float) -> None:
    """As the server would."""
    rows = (PROCESSING / "baseline" / "baseline.csv").read_text().splitlines()[1:]
    answers = ["0.9" if float(row.split(",")[0]) > limit else "0.1" for row in rows]
    (PROCESSING / "predictions").mkdir(exist_ok=True)
    (PROCESSING / "predictions" / "predictions.csv").write_text("\n".join(["prediction", *answers]) + "\n")


if __name__ == "__main__":
    sys.exit(run_processing_job(evaluate))
