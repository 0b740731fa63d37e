"""Training: LightGBM on the prepared data, in SageMaker's training contract. The program `train` runs `main`.

Reads the channel `train` (and `validation`, if there is one) and the hyperparameters. Writes `model/model.txt` in
LightGBM's own text format, and `model/inference/`, which is what the API function needs. The log carries lines such as
`[10] train-auc: 0.81234; validation-auc: 0.79876;` for SageMaker's MetricDefinitions, with a regular expression like
`train-auc: ([0-9.eE+-]+);`. Metrics by task: auc, binary_logloss; multi_logloss, multi_error; rmse, l1.

What the log says is told to MLflow too, where there is a server: see tracking.py.

SIGTERM (a stopped job, a spot instance) ends the training after the round it is in, and the model so far is written:
SageMaker keeps it.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import lightgbm
from hyperparameters import Hyperparameters, read_hyperparameters
from prepared_data import PreparedData, load_prepared
from schema import Schema, SchemaError
from tracking import Tracking, start_tracking
from utils import INFERENCE_FOLDER, MODEL, MODEL_FILE, SCHEMA_FILE, TRAINING_INPUT, ContainerError, run_training_job

METRICS = {"binary": "auc,binary_logloss", "multiclass": "multi_logloss,multi_error", "regression": "rmse,l1"}


def train(input_folder: Path, model_folder: Path, stop: threading.Event, tracking: Tracking) -> str:
    """Train until done or until `stop` is set; returns the closing sentence."""
    schema = _schema(input_folder / "data" / "train")
    settings = read_hyperparameters(input_folder / "config" / "hyperparameters.json", schema.task)
    tracking.begin({**_booster_parameters(schema, settings), "num_round": settings.num_round})
    channels = {"train": load_prepared(input_folder / "data" / "train", schema)}
    if (input_folder / "data" / "validation").is_dir():
        channels["validation"] = load_prepared(input_folder / "data" / "validation", schema)
    elif settings.early_stopping_rounds:
        raise ContainerError("hyperparameter early_stopping_rounds needs a channel `validation`, and there is none")
    booster = _fit(channels, schema, settings, stop, tracking)
    _write_model(booster, schema, model_folder)
    kept = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    stopped = "stopped by SIGTERM after" if stop.is_set() else "kept"
    return f"train: {stopped} {kept} of {settings.num_round} rounds; wrote {model_folder / MODEL_FILE}"


def _fit(
    channels: dict[str, PreparedData],
    schema: Schema,
    settings: Hyperparameters,
    stop: threading.Event,
    tracking: Tracking,
) -> lightgbm.Booster:
    parameters = _booster_parameters(schema, settings)
    training = _dataset(channels["train"], schema, parameters)
    others = {name: _dataset(data, schema, parameters, training) for name, data in channels.items() if name != "train"}
    callbacks = [_report(settings.metric_period, tracking), _stop_when(stop)]
    if settings.early_stopping_rounds:
        callbacks.append(lightgbm.early_stopping(settings.early_stopping_rounds, verbose=False))
    try:
        return lightgbm.train(
            parameters,
            training,
            num_boost_round=settings.num_round,
            valid_sets=list(others.values()),
            valid_names=list(others),
            callbacks=callbacks,
        )
    except lightgbm.basic.LightGBMError as error:
        raise ContainerError(f"LightGBM refused: {error}") from error


def _booster_parameters(schema: Schema, settings: Hyperparameters) -> dict[str, Any]:
    """The same data and seed give the same model, whatever the machine's cores."""
    return {
        "metric": METRICS[schema.task],
        "num_class": len(schema.classes) if schema.task == "multiclass" else 1,
        "num_threads": len(os.sched_getaffinity(0)),
        "seed": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        **settings.booster,
    }


def _dataset(
    data: PreparedData, schema: Schema, parameters: dict[str, Any], reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        data.features,
        label=data.labels,
        categorical_feature=schema.categorical_places,
        reference=reference,
        params=parameters,
    )


def _report(period: int, tracking: Tracking) -> Any:
    """A callback that tells every metric of every data set, in one line, every `period` rounds and after the last.

    The training set is evaluated for these lines alone: each round, it would take longer than the training.
    """

    def report(env: lightgbm.callback.CallbackEnv) -> None:
        done = env.iteration + 1
        if done % period == 0 or done == env.end_iteration:
            results = [("train", *result[1:]) for result in env.model.eval_train()] + list(
                env.evaluation_result_list or ()
            )
            figures = {f"{name}-{metric}": value for name, metric, value, *_ in results}
            print(f"[{done}] {' '.join(f'{name}: {value:.6g};' for name, value in figures.items())}", flush=True)
            tracking.measure(done, figures)

    report.order = 10  # type: ignore[attr-defined]  # LightGBM sorts its callbacks by it
    return report


def _stop_when(stop: threading.Event) -> Any:
    def check(env: lightgbm.callback.CallbackEnv) -> None:
        if stop.is_set():
            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    check.order = 20  # type: ignore[attr-defined]
    return check


def _schema(folder: Path) -> Schema:
    try:
        return Schema.load(folder / SCHEMA_FILE)
    except SchemaError as error:
        raise ContainerError(str(error)) from error


def _write_model(booster: lightgbm.Booster, schema: Schema, folder: Path) -> None:
    inference = folder / INFERENCE_FOLDER
    inference.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / MODEL_FILE)
    schema.save(inference / SCHEMA_FILE)


def main() -> int:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    tracking = start_tracking(os.environ)
    exit_code = run_training_job(lambda: train(TRAINING_INPUT, MODEL, stop, tracking))
    tracking.end("FAILED" if exit_code else "KILLED" if stop.is_set() else "FINISHED")
    return exit_code
