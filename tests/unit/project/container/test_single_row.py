"""A row by itself has the figures that it has among others, to the last bit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.project.container.program import Container

COMPARE = """
from pathlib import Path
from threading import Thread
import lightgbm, numpy as np
from predictor import Predictor
predictor = Predictor(Path("/opt/ml/model"))
booster = lightgbm.Booster(model_file="/opt/ml/model/model.txt")
rows = np.random.default_rng(5).normal(size=(50, booster.num_feature()))
rows[::7, 0] = np.nan
right = booster.predict(rows)
assert len(np.unique(right, axis=0)) > 10, right
def compare():
    for place in range(len(rows)):
        found = predictor.scores(rows[place : place + 1])
        assert found.shape == right[place : place + 1].shape, found.shape
        assert (found == right[place : place + 1]).all(), (place, found, right[place])
        answered.append(place)
answered = []
compare()
threads = [Thread(target=compare) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(answered))
for wrong in (rows[:1, :1], rows[:1].astype(np.float32), np.asfortranarray(rows[:, ::-1])[:1]):
    try:
        predictor.scores(wrong)
    except ValueError:
        continue
    raise SystemExit("read past the end of a row")
"""


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_single_row_is_predicted_as_among_others_also_by_several_threads(
    new_container: Callable[..., Container], model_of: Callable[[str], Path], task: str
) -> None:
    container = new_container()
    shutil.copytree(model_of(task), container.ml / "model")
    done = container.run("python3", "-c", COMPARE)
    assert (done.exit_code, done.output.strip()) == (0, "250"), done.output
