"""The jobs as real processes, from raw data to eval.json, as SageMaker chains them."""

from __future__ import annotations

import csv
import json
import random
import re
import select
import shutil
import signal
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.project.container.program import Container, Finished

NewContainer = Callable[..., Container]
HYPERPARAMETERS = {"num_round": "30", "num_leaves": "15", "min_data_in_leaf": "5", "learning_rate": "0.2"}


def raw_csv(task: str, count: int, seed: int) -> str:
    """Rows whose target follows from a number and a category, with missing cells among them."""
    chance = random.Random(seed)
    lines = ["size,colour,noise,target"]
    for _ in range(count):
        size, colour = chance.uniform(-1, 1), chance.choice(["red", "green", "blue"])
        level = size + {"red": 1.0, "green": 0.0, "blue": -1.0}[colour] + chance.gauss(0, 0.2)
        target = {
            "binary": "yes" if level > 0 else "no",
            "multiclass": "low" if level < -0.5 else "high" if level > 0.5 else "middle",
            "regression": f"{10 * level:.4f}",
        }[task]
        lines.append(f"{'' if chance.random() < 0.02 else f'{size:.4f}'},{colour},{chance.random():.3f},{target}")
    return "\n".join(lines) + "\n"


def write_raw(container: Container, task: str, rows: int = 600) -> None:
    for seed, name in enumerate(("train", "test")):
        folder = container.ml / "processing" / "input" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.csv").write_text(raw_csv(task, rows, seed))


def prepare(container: Container, task: str, **variables: str) -> Finished:
    return container.run(
        "python3", "prepare_data.py", variables={"TARGET_COLUMN": "target", "TASK_TYPE": task, **variables}
    )


def train(
    container: Container, hyperparameters: Mapping[str, str], validation: bool = False, **variables: str
) -> Finished:
    """The training job, with what the processing job wrote as its channels."""
    write_channels(container, hyperparameters, validation)
    return container.run("train", variables=variables)


def write_channels(container: Container, hyperparameters: Mapping[str, str], validation: bool = False) -> None:
    given = container.ml / "input"
    (given / "config").mkdir(parents=True)
    (given / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    shutil.copytree(container.ml / "processing" / "train", given / "data" / "train")
    if validation:
        shutil.copytree(container.ml / "processing" / "test", given / "data" / "validation")


def evaluate(container: Container, **variables: str) -> Finished:
    pack_model(container)
    return container.run("python3", "/opt/program/evaluate.py", variables=variables)


def pack_model(container: Container) -> None:
    """As SageMaker does between a training job and whoever reads its model."""
    folder = container.ml / "processing" / "model"
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(container.ml / "model", ".")


def evaluation(container: Container) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((container.ml / "processing" / "evaluation" / "eval.json").read_text())
    return content


def copy_of(container: Container, new_container: NewContainer) -> Container:
    copy = new_container()
    shutil.copytree(container.ml, copy.ml, dirs_exist_ok=True)
    return copy


@pytest.fixture(scope="module")
def prepared(container_python: Path) -> Iterator[Container]:
    """Raw data that has become the channels of a training."""
    container = Container(container_python)
    write_raw(container, "binary")
    finished = prepare(container, "binary", POSITIVE_LABEL="yes")
    assert finished.exit_code == 0, finished.output
    (container.ml / "output" / "message").unlink()
    yield container
    container.remove()


@pytest.fixture(scope="module")
def trained(container_python: Path, prepared: Container) -> Iterator[Container]:
    """A model in its archive, and its test data."""
    container = Container(container_python)
    shutil.copytree(prepared.ml, container.ml, dirs_exist_ok=True)
    finished = train(container, {"num_round": "2"})
    assert finished.exit_code == 0, finished.output
    pack_model(container)
    yield container
    container.remove()


@pytest.mark.parametrize(
    ("task", "group", "metric", "bounds"),
    [
        ("binary", "binary_classification_metrics", "auc", (0.95, 1.0)),
        ("multiclass", "multiclass_classification_metrics", "weighted_f1", (0.8, 1.0)),
        ("regression", "regression_metrics", "r2", (0.85, 1.0)),
    ],
)
def test_each_task_goes_from_raw_data_to_a_good_model_and_its_metrics(
    new_container: NewContainer, task: str, group: str, metric: str, bounds: tuple[float, float]
) -> None:
    container = new_container()
    write_raw(container, task)
    for finished in (prepare(container, task), train(container, HYPERPARAMETERS), evaluate(container)):
        assert finished.exit_code == 0, finished.output
    content = evaluation(container)
    assert content["dataset"]["item_count"] == 600
    rows = (container.ml / "processing" / "baseline" / "baseline.csv").read_text().splitlines()
    answers = (container.ml / "processing" / "predictions" / "predictions.csv").read_text().splitlines()
    assert answers[0] == ("prediction,probability" if task == "multiclass" else "prediction")
    assert len(answers) == len(rows)
    assert bounds[0] < content[group][metric]["value"] <= bounds[1]
    assert isinstance(content[group][metric]["standard_deviation"], float)
    assert (container.ml / "model" / "model.txt").read_text().startswith("tree\n")
    assert (container.ml / "model" / "inference" / "schema.json").is_file()
    assert not (container.ml / "output" / "failure").exists()


def test_the_log_of_a_training_carries_its_metrics_for_a_regular_expression(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    output = train(container, {**HYPERPARAMETERS, "metric_period": "15"}, validation=True).output
    found = {name: re.findall(rf"{name}: ([0-9.eE+-]+);", output) for name in ("train-auc", "validation-auc")}
    assert {name: len(values) for name, values in found.items()} == {"train-auc": 2, "validation-auc": 2}
    assert 0.9 < float(found["validation-auc"][-1]) <= float(found["train-auc"][-1]) <= 1


def test_training_stops_early_when_the_validation_channel_no_longer_improves(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    wishes = {**HYPERPARAMETERS, "num_round": "500", "early_stopping_rounds": "5"}
    output = train(container, wishes, validation=True).output
    kept = re.search(r"kept (\d+) of 500 rounds", output)
    assert kept, output
    assert int(kept.group(1)) < 100


def test_the_same_data_and_hyperparameters_give_the_same_model(
    prepared: Container, new_container: NewContainer
) -> None:
    models = []
    for _ in range(2):
        container = copy_of(prepared, new_container)
        train(container, {**HYPERPARAMETERS, "bagging_fraction": "0.7", "bagging_freq": "1"})
        models.append((container.ml / "model" / "model.txt").read_text())
    assert models[0] == models[1]


def test_an_image_without_mlflow_s_client_trains_all_the_same_and_says_so(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    finished = train(container, {"num_round": "2"}, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert finished.exit_code == 0, finished.output
    assert "warning: MLflow at http://127.0.0.1:9 is not told: the image has no MLflow client" in finished.output


def test_a_training_that_fails_writes_its_reason_and_exits_with_1(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    finished = train(container, {"learning_rat": "0.1"})
    reason = (container.ml / "output" / "failure").read_text()
    assert finished.exit_code == 1
    assert reason.startswith("unknown hyperparameter 'learning_rat'; known are num_round,")
    assert "Traceback" not in finished.output
    assert not (container.ml / "model").exists()


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"num_leaves": "1"}, "LightGBM refused: "),
        ({"early_stopping_rounds": "5"}, "needs a channel `validation`"),
    ],
)
def test_what_lightgbm_or_the_channels_do_not_allow_is_the_reason(
    prepared: Container, new_container: NewContainer, hyperparameters: dict[str, str], reason: str
) -> None:
    container = copy_of(prepared, new_container)
    assert train(container, hyperparameters).exit_code == 1
    assert reason in (container.ml / "output" / "failure").read_text()


def test_a_channel_that_prepare_data_did_not_write_is_the_reason(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    write_channels(container, HYPERPARAMETERS)
    (container.ml / "input" / "data" / "train" / "schema.json").unlink()
    assert container.run("train").exit_code == 1
    assert "schema.json: there is no such file" in (container.ml / "output" / "failure").read_text()


def test_sigterm_ends_a_training_after_its_round_and_keeps_the_model(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    write_channels(container, {**HYPERPARAMETERS, "num_round": "10000000", "metric_period": "1"})
    with container.start("train") as running:
        await_log(container, "[2] train-auc")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
    assert re.search(r"stopped by SIGTERM after \d+ of 10000000 rounds", container.log())
    assert evaluate(container).exit_code == 0


def await_log(container: Container, text: str) -> None:
    deadline = time.monotonic() + 30
    while text not in container.log():
        assert time.monotonic() < deadline, container.log()
        select.select([], [], [], 0.02)


def test_a_preparation_that_fails_says_why_in_its_exit_message(new_container: NewContainer) -> None:
    container = new_container()
    write_raw(container, "binary")
    finished = prepare(container, "binary", TARGET_COLUMN="label")
    expected = (
        "/opt/ml/processing/input/train/train.csv: there is no column 'label'; the file has size, colour, noise, target"
    )
    assert finished.exit_code == 1
    assert (container.ml / "output" / "message").read_text() == expected
    assert not (container.ml / "processing" / "train").exists()


def test_a_preparation_that_succeeds_says_what_it_read(new_container: NewContainer) -> None:
    container = new_container()
    write_raw(container, "binary", rows=50)
    assert prepare(container, "binary").exit_code == 0
    assert (container.ml / "output" / "message").read_text() == "prepare_data: train: 50 rows; test: 50 rows"


def test_a_threshold_moves_the_confusion_matrix_and_not_the_auc(
    prepared: Container, new_container: NewContainer
) -> None:
    container = copy_of(prepared, new_container)
    train(container, HYPERPARAMETERS)
    evaluate(container)
    usual = evaluation(container)["binary_classification_metrics"]
    assert evaluate(container, PROBABILITY_THRESHOLD="0.9").exit_code == 0
    strict = evaluation(container)["binary_classification_metrics"]
    assert strict["auc"] == usual["auc"]
    assert strict["confusion_matrix"]["yes"]["yes"] < usual["confusion_matrix"]["yes"]["yes"]


def evaluate_raw(container: Container, text: str) -> Finished:
    """An earlier model on a test set as it was uploaded."""
    (container.ml / "processing" / "raw").mkdir()
    (container.ml / "processing" / "raw" / "test.csv").write_text(text)
    shutil.rmtree(container.ml / "processing" / "test")
    return container.run("python3", "evaluate.py")


def test_raw_rows_and_prepared_ones_give_one_model_the_same_figures(
    trained: Container, new_container: NewContainer
) -> None:
    container = copy_of(trained, new_container)
    assert container.run("python3", "evaluate.py").exit_code == 0
    prepared = evaluation(container)
    raw = (container.ml / "processing" / "input" / "test" / "test.csv").read_text()
    finished = evaluate_raw(container, raw)
    assert finished.exit_code == 0, finished.output
    found = evaluation(container)
    assert found["binary_classification_metrics"] == prepared["binary_classification_metrics"]
    assert found["dataset"]["item_count"] == prepared["dataset"]["item_count"]


def test_a_model_sees_raw_rows_through_its_own_schema_whatever_the_order_of_columns_and_whatever_is_new(
    trained: Container, new_container: NewContainer
) -> None:
    container = copy_of(trained, new_container)
    assert container.run("python3", "evaluate.py").exit_code == 0
    before = evaluation(container)["binary_classification_metrics"]["auc"]
    with (container.ml / "processing" / "input" / "test" / "test.csv").open() as text:
        rows = list(csv.DictReader(text))
    columns = [*reversed(rows[0]), "added"]
    lines = [",".join([*(row[name] for name in columns[:-1]), "new"]) for row in rows]
    assert evaluate_raw(container, "\n".join([",".join(columns), *lines]) + "\n").exit_code == 0
    assert evaluation(container)["binary_classification_metrics"]["auc"] == before


def test_a_model_whose_column_is_gone_is_not_evaluated_and_the_column_is_named(
    trained: Container, new_container: NewContainer
) -> None:
    container = copy_of(trained, new_container)
    assert evaluate_raw(container, "colour,noise,target\nred,1,yes\nblue,2,no\n").exit_code == 1
    assert "there is no column 'size'" in (container.ml / "output" / "message").read_text()


def test_rows_that_a_model_cannot_read_are_missing_from_the_number_that_it_was_evaluated_on(
    trained: Container, new_container: NewContainer
) -> None:
    container = copy_of(trained, new_container)
    raw = (container.ml / "processing" / "input" / "test" / "test.csv").read_text()
    header = raw.splitlines()[0]
    bad = ",".join("maybe" if name == "target" else "0" for name in header.split(","))
    finished = evaluate_raw(container, f"{raw}{bad}\n")
    assert finished.exit_code == 0, finished.output
    assert evaluation(container)["dataset"]["item_count"] == len(raw.splitlines()) - 1


def break_archive(container: Container) -> None:
    (container.ml / "processing" / "model" / "model.tar.gz").write_bytes(b"no archive")


def empty_archive(container: Container) -> None:
    with tarfile.open(container.ml / "processing" / "model" / "model.tar.gz", "w:gz"):
        pass


def one_class(container: Container) -> None:
    path = container.ml / "processing" / "test" / "test.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("1.0")))


def no_test(container: Container) -> None:
    shutil.rmtree(container.ml / "processing" / "test")


def too_wide(container: Container) -> None:
    (container.ml / "processing" / "test" / "test.csv").write_text("1,2,3,4,5\n")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_archive, "model.tar.gz: cannot be unpacked"),
        (empty_archive, "model.tar.gz: holds no model.txt"),
        (one_class, "auc is not defined: the test data has rows of one class only"),
        (no_test, "/opt/ml/processing/test: no file ends in .csv"),
        (too_wide, "test.csv: 5 columns, but the schema has a label and 3 features"),
    ],
)
def test_an_evaluation_without_its_evidence_fails_and_writes_no_figures(
    trained: Container, new_container: NewContainer, damage: Callable[[Container], None], reason: str
) -> None:
    container = copy_of(trained, new_container)
    damage(container)
    assert container.run("python3", "evaluate.py").exit_code == 1
    assert reason in (container.ml / "output" / "message").read_text()
    assert not (container.ml / "processing" / "evaluation").exists()
