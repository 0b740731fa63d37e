"""The model at work: rows of a request in, answers out.

This is the file to change for another kind of model: `Predictor` loads it, and `answers` says what a row's answer is.
NumPy and LightGBM alone lie in the path of a request.

| task | answer of a row as CSV | as JSON |
|---|---|---|
| binary | the probability of the positive class | `{"predictions": [0.03, ...]}` |
| regression | the number | `{"predictions": [17.5, ...]}` |
| multiclass | the class and its probability | `{"predictions": ["b", ...], "probabilities": [0.8, ...]}` |
"""

from __future__ import annotations

import json
from pathlib import Path

import lightgbm
from encoding import Matrix, RowEncoder
from request_body import csv_text
from schema import Schema
from single_row import SingleRow
from utils import INFERENCE_FOLDER, MODEL_FILE, SCHEMA_FILE


class ModelError(Exception):
    """A model folder that cannot be served."""


class Predictor:
    """A loaded model. It is loaded once, before the server forks its workers: it must start no threads (preload.py)."""

    def __init__(self, folder: Path) -> None:
        self.schema = Schema.load(folder / INFERENCE_FOLDER / SCHEMA_FILE)
        try:
            self._booster = lightgbm.Booster(model_file=folder / MODEL_FILE)
        except lightgbm.basic.LightGBMError as error:
            raise ModelError(f"{folder / MODEL_FILE}: {error}") from error
        if self._booster.num_feature() != len(self.schema.features):
            raise ModelError(
                f"{folder}: the model takes {self._booster.num_feature()} columns, its schema {len(self.schema.features)}"
            )
        self._single_row = SingleRow(self._booster)
        self._encoder = RowEncoder(self.schema)

    def scores(self, features: Matrix) -> Matrix:
        """What LightGBM says of encoded rows: a probability, a number, or a probability for each class."""
        if len(features) == 1:
            return self._single_row.scores(features)
        return self._booster.predict(features)  # type: ignore[no-any-return]

    def answers(self, rows: list[list[str]]) -> list[list[object]]:
        """The answer of each row, as a list of cells. Raises CellError for a cell that cannot be read."""
        scores = self.scores(self._encoder.encode(rows))
        if self.schema.task != "multiclass":
            return [[score] for score in scores.tolist()]
        best = scores.argmax(axis=1)
        return [[self.schema.classes[code], float(row[code])] for code, row in zip(best, scores, strict=True)]


def answers_as_csv(answers: list[list[object]]) -> str:
    return csv_text([[str(cell) for cell in answer] for answer in answers])


def answers_as_json(answers: list[list[object]]) -> str:
    content = {"predictions": [answer[0] for answer in answers]}
    if len(answers[0]) > 1:
        content["probabilities"] = [answer[1] for answer in answers]
    return json.dumps(content) + "\n"
