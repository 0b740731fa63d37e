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
    return f"evaluate: auc {model['auc']}"


if __name__ == "__main__":
    sys.exit(run_processing_job(evaluate))
