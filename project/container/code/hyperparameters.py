"""Hyperparameters: SageMaker gives them all as strings, and a misspelt one must not pass unnoticed.

KNOWN is the list to extend: any parameter of LightGBM may be added with its type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from utils import ContainerError

KNOWN: dict[str, type[int] | type[float] | type[str]] = {
    "num_round": int,  # trees (of each class); default 100
    "early_stopping_rounds": int,  # stop when the channel `validation` has not improved for so many rounds
    "metric_period": int,  # print the metrics every so many rounds; default 10
    "objective": str,  # regression only: another loss than the squared error
    "learning_rate": float,
    "num_leaves": int,
    "max_depth": int,
    "min_data_in_leaf": int,
    "min_sum_hessian_in_leaf": float,
    "min_gain_to_split": float,
    "feature_fraction": float,
    "bagging_fraction": float,
    "bagging_freq": int,
    "lambda_l1": float,
    "lambda_l2": float,
    "max_bin": int,
    "max_cat_threshold": int,
    "cat_l2": float,
    "cat_smooth": float,
    "scale_pos_weight": float,  # binary only: weight of the positive class
    "seed": int,
    "num_threads": int,  # default: the cores that the job may use
}
OBJECTIVES = {  # the first is the default
    "binary": ("binary",),
    "multiclass": ("multiclass",),
    "regression": ("regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"),
}
OWN = ("num_round", "early_stopping_rounds", "metric_period")


@dataclass(frozen=True)
class Hyperparameters:
    """`booster` is passed on to LightGBM; the rest steers the loop."""

    num_round: int
    early_stopping_rounds: int
    metric_period: int
    booster: dict[str, int | float | str]


def read_hyperparameters(path: Path, task: str) -> Hyperparameters:
    """Read hyperparameters.json; without the file, the defaults."""
    texts = json.loads(path.read_text()) if path.is_file() else {}
    values = {
        name: _value(name, text) for name, text in texts.items() if not name.startswith("sagemaker_")
    }  # the SageMaker SDK adds its own
    objective = str(values.setdefault("objective", OBJECTIVES[task][0]))
    if objective not in OBJECTIVES[task]:
        raise ContainerError(
            f"hyperparameter objective is {objective!r}; for task {task} it can be {', '.join(OBJECTIVES[task])}"
        )
    return Hyperparameters(
        num_round=_at_least(1, values, "num_round", 100),
        early_stopping_rounds=_at_least(0, values, "early_stopping_rounds", 0),
        metric_period=_at_least(1, values, "metric_period", 10),
        booster={name: value for name, value in values.items() if name not in OWN},
    )


def _value(name: str, text: str) -> int | float | str:
    if name not in KNOWN:
        raise ContainerError(f"unknown hyperparameter {name!r}; known are {', '.join(KNOWN)}")
    try:
        return KNOWN[name](text)
    except ValueError as error:
        raise ContainerError(f"hyperparameter {name} is {text!r}; it must be of type {KNOWN[name].__name__}") from error


def _at_least(minimum: int, values: Mapping[str, int | float | str], name: str, default: int) -> int:
    value = int(values.get(name, default))
    if value < minimum:
        raise ContainerError(f"hyperparameter {name} is {value}; it must be at least {minimum}")
    return value
