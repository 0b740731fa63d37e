"""Small models, made by the program itself: a number and a category decide the target."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

from tests.unit.project.container.program import Container


def make_model(environment: Path, task: str) -> Container:
    """A container whose /opt/ml/model is filled. The features are `size` and `colour`."""
    container = Container(environment)
    for name in ("train", "test"):
        folder = container.ml / "processing" / "input" / name
        folder.mkdir(parents=True)
        (folder / "data.csv").write_text(_data(task))
    positive = {"POSITIVE_LABEL": "yes"} if task == "binary" else {}
    variables = {"TARGET_COLUMN": "target", "TASK_TYPE": task, **positive}
    prepared = container.run("python3", "prepare_data.py", variables=variables)
    assert prepared.exit_code == 0, prepared.output
    shutil.copytree(container.ml / "processing" / "train", container.ml / "input" / "data" / "train")
    (container.ml / "input" / "config").mkdir()
    settings = {"num_round": "40", "min_data_in_leaf": "5", "learning_rate": "0.2"}
    (container.ml / "input" / "config" / "hyperparameters.json").write_text(json.dumps(settings))
    trained = container.run("train")
    assert trained.exit_code == 0, trained.output
    return container


def _data(task: str) -> str:
    chance = random.Random(1)
    lines = ["size,colour,target"]
    for _ in range(400):
        size, colour = chance.uniform(-1, 1), chance.choice(["red", "green", "blue"])
        level = size + {"red": 1.0, "green": 0.0, "blue": -1.0}[colour]
        lines.append(f"{size:.3f},{colour},{_target(task, level)}")
    return "\n".join(lines) + "\n"


def _target(task: str, level: float) -> str:
    if task == "binary":
        return "yes" if level > 0 else "no"
    if task == "multiclass":
        return "low" if level < -0.5 else "high" if level > 0.5 else "middle"
    return f"{10 * level:.3f}"
