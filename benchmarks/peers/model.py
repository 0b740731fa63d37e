"""The workload's model as the author of a service loads it: NumPy and `Booster.predict`, the same in each framework."""

import os
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

FOLDER = Path(os.environ["BENCH_MODEL"])
FEATURES = 126


class Model:
    def __init__(self) -> None:
        self._booster = lightgbm.Booster(model_file=FOLDER / "model.txt")

    def probabilities(self, rows: Any) -> Any:
        return self._booster.predict(rows, num_threads=1)

    def answer(self, body: bytes) -> bytes:
        """Of CSV rows: a line for each, its class and how probable that is."""
        return as_csv(self.probabilities(numbers(body)))


def numbers(body: bytes) -> Any:
    return np.fromstring(body.replace(b"\n", b","), sep=",").reshape(-1, FEATURES)


def as_csv(probabilities: Any) -> bytes:
    best = probabilities.argmax(axis=1).tolist()
    return "".join(f"{code},{row[code]}\n" for code, row in zip(best, probabilities.tolist(), strict=True)).encode()
