"""The model that all serve, what it is asked, and what it must answer."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.served.environments import PEERS, environment
from mlsystem.client.images.kept import cache_folder

TRAIN = PEERS / "train.py"
TOLERANCE = 1e-9


class WrongAnswerError(Exception):
    """A contender's answer is not what the model says."""


@dataclass(frozen=True)
class Workload:
    folder: Path
    """The model's, as a container finds it at /opt/ml/model."""

    @cached_property
    def rows(self) -> list[str]:
        return (self.folder / "rows.csv").read_text().splitlines()

    @cached_property
    def expected(self) -> list[tuple[int, float]]:
        """Of each row its class and how probable that is."""
        return [most_probable(row) for row in json.loads((self.folder / "probabilities.json").read_text())]

    def require(self, answers: Sequence[tuple[int, float]], first: int) -> None:
        """That these are the answers to the rows from `first` on. Raises WrongAnswerError."""
        expected = self.expected[first : first + len(answers)]
        for number, (answer, right) in enumerate(zip(answers, expected, strict=True), start=first):
            if answer[0] != right[0] or not math.isclose(answer[1], right[1], rel_tol=TOLERANCE):
                raise WrongAnswerError(f"row {number}: {answer}, where the model says {right}")


def most_probable(probabilities: Sequence[float]) -> tuple[int, float]:
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    return best, probabilities[best]


def trained() -> Workload:
    """Made once for each content of what makes it, and kept."""
    requirements = PEERS / "sample.txt"
    content = hashlib.sha256(TRAIN.read_bytes() + requirements.read_bytes()).hexdigest()[:16]
    folder = cache_folder() / "peers" / f"model-{content}"
    if not folder.exists():
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(making, ignore_errors=True)
        subprocess.run([environment(requirements) / "bin" / "python", TRAIN, making], check=True)
        making.rename(folder)
    return Workload(folder)
