from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

hyperparameters: Any = importlib.import_module("hyperparameters")
utils: Any = importlib.import_module("utils")


def read(tmp_path: Path, texts: dict[str, str], task: str = "binary") -> Any:
    path = tmp_path / "hyperparameters.json"
    path.write_text(json.dumps(texts))
    return hyperparameters.read_hyperparameters(path, task)


def test_strings_get_their_types_and_sagemakers_own_are_ignored(tmp_path: Path) -> None:
    texts = {"num_round": "7", "num_leaves": "15", "learning_rate": "0.5", "sagemaker_program": "train.py"}
    settings = read(tmp_path, texts)
    assert (settings.num_round, settings.early_stopping_rounds, settings.metric_period) == (7, 0, 10)
    assert settings.booster == {"num_leaves": 15, "learning_rate": 0.5, "objective": "binary"}


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = hyperparameters.read_hyperparameters(tmp_path / "hyperparameters.json", "multiclass")
    assert settings == hyperparameters.Hyperparameters(100, 0, 10, {"objective": "multiclass"})


def test_a_regression_may_choose_its_loss(tmp_path: Path) -> None:
    assert read(tmp_path, {"objective": "huber"}, "regression").booster == {"objective": "huber"}


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ({"learning_rat": "0.1"}, "unknown hyperparameter 'learning_rat'"),
        ({"num_leaves": "15.5"}, "num_leaves is '15.5'; it must be of type int"),
        ({"num_round": "0"}, "num_round is 0; it must be at least 1"),
        ({"objective": "huber"}, "objective is 'huber'; for task binary it can be binary"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_by_name(tmp_path: Path, texts: dict[str, str], named: str) -> None:
    with pytest.raises(utils.ContainerError, match=named):
        read(tmp_path, texts)
