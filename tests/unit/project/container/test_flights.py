"""The demo's data set and traffic (examples/flights), and the model that the container program makes of them."""

from __future__ import annotations

import csv
import importlib
import json
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.project.container.program import CONTAINER, Container

sys.path.insert(0, str(CONTAINER.parents[1] / "examples" / "flights"))
dataset: Any = importlib.import_module("dataset")
flights: Any = importlib.import_module("flights")
replay: Any = importlib.import_module("replay")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("flights")
    dataset.write_data(made)
    return made


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


def test_training_and_test_data_are_the_flights_that_arrived_in_january(folder: Path) -> None:
    train, test = table(folder / "train.csv"), table(folder / "test.csv")
    assert (len(train), len(test)) == (20679, 5719)
    assert list(train[0]) == [*flights.FEATURES, "late"]
    assert {row["late"] for row in train + test} == {"0", "1"}
    assert 0.2 < sum(row["late"] == "1" for row in train + test) / 26398 < 0.3


def test_no_column_tells_what_is_only_known_after_the_landing(folder: Path) -> None:
    later = {"arr_delay", "arr_time", "air_time", "dep_time", "tailnum"}
    assert not later & set(table(folder / "train.csv")[0])


def test_the_baseline_is_all_of_januarys_traffic_with_its_missing_departures(folder: Path) -> None:
    baseline = table(folder / "baseline.csv")
    assert len(baseline) == 27004
    assert list(baseline[0]) == list(flights.FEATURES)
    assert sum(row["dep_delay"] == "" for row in baseline) / 27004 == pytest.approx(0.019, abs=0.001)
    assert {"temp", "dep_delay", "carrier", "distance"} <= set(baseline[0])


def test_a_flight_carries_the_weather_of_its_airport_and_hour() -> None:
    first = flights.flights_of(1)[0]
    assert (first.month, first.day, first.late) == (1, 1, "0")
    assert dict(zip(flights.FEATURES, first.values, strict=True)) == {
        "carrier": "UA",
        "origin": "EWR",
        "dest": "IAH",
        "distance": "1400",
        "day_of_week": "2",
        "hour": "5",
        "dep_delay": "2",
        "temp": "39.02",
        "humid": "64.43",
        "wind_speed": "12.658579999999999",
        "precip": "0",
        "pressure": "1011.9",
        "visib": "10",
    }


def test_data_source_zip_points_at_the_data_and_leaves_the_images_to_the_build(tmp_path: Path) -> None:
    dataset.write_data_source(tmp_path / "data-source.zip", "bucket")
    with zipfile.ZipFile(tmp_path / "data-source.zip") as archive:
        members = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert members["inputData.json"]["TrainingUri"] == "s3://bucket/flights/train.csv"
    assert set(members["inputData.json"]) == {"TrainingUri", "TestUri", "BaselineUri"}
    assert members["hyperparameters.json"] == dataset.HYPERPARAMETERS
    assert all(isinstance(value, str) for value in members["hyperparameters.json"].values())
    assert members["imageDetail.json"] == {"ImageUri": "", "ImageLambdaUri": ""}


def test_a_month_replays_as_requests_in_order_with_its_ground_truth() -> None:
    requests = list(replay.requests_of([2], rows=100))
    assert len({request.inference_id for request in requests}) == len(requests) == 250
    assert sum(len(request.labels) for request in requests) == 24951
    assert sum(label is None for request in requests for label in request.labels) > 1000, "the snowstorm of the 9th"
    first = requests[0]
    assert first.inference_id == "2013-02-00000"
    assert first.body.splitlines()[0] == "US,EWR,CLT,529,5,5,-4,28.04,50.52,13.809359999999998,0,1010.4,10"
    assert len(first.body.splitlines()) == len(first.labels) == 100


def test_what_turned_out_is_told_as_sagemaker_merges_it_but_for_flights_that_never_arrived() -> None:
    requests = list(replay.requests_of([2], rows=1, every=7))
    assert len(requests) == 3565
    lines = [replay.ground_truth(request) for request in requests]
    assert lines.count(None) == sum(request.labels == [None] for request in requests) > 100
    truth = json.loads(next(line for line in lines if line))
    assert truth["eventMetadata"] == {"eventId": requests[0].inference_id}
    assert truth["groundTruthData"] == {"data": requests[0].labels[0], "encoding": "CSV"}


@pytest.fixture(scope="module")
def trained(container_python: Path, folder: Path) -> Iterator[Container]:
    """What the workflow's jobs make of the data, configured by mlsystem.yaml alone."""
    container = Container(container_python)
    for name in ("train", "test", "baseline"):
        (container.ml / "processing" / "input" / name).mkdir(parents=True)
        shutil.copy(folder / f"{name}.csv", container.ml / "processing" / "input" / name)
    section = yaml.safe_load((CONTAINER.parent / "mlsystem.yaml").read_text())["data"]
    texts = {key.upper(): ",".join(value) if isinstance(value, list) else str(value) for key, value in section.items()}
    prepared = container.run("python3", "prepare_data.py", variables=texts)
    assert prepared.output == "prepare_data: train: 20679 rows; test: 5719 rows\n"
    shutil.copytree(container.ml / "processing" / "train", container.ml / "input" / "data" / "train")
    (container.ml / "input" / "config").mkdir()
    (container.ml / "input" / "config" / "hyperparameters.json").write_text(json.dumps(dataset.HYPERPARAMETERS))
    finished = container.run("train")
    assert finished.exit_code == 0, finished.output
    (container.ml / "processing" / "model").mkdir()
    with tarfile.open(container.ml / "processing" / "model" / "model.tar.gz", "w:gz") as archive:
        archive.add(container.ml / "model", ".")
    finished = container.run("python3", "evaluate.py")
    assert finished.exit_code == 0, finished.output
    yield container
    container.remove()


def test_the_model_passes_the_gate_by_far(trained: Container) -> None:
    content = json.loads((trained.ml / "processing" / "evaluation" / "eval.json").read_text())
    gate = yaml.safe_load((CONTAINER.parent / "mlsystem.yaml").read_text())["gate"]
    assert gate == {
        "metric": "auc",
        "comparison": "GreaterThan",
        "threshold": 0.7,
        "champion": {"margin": 0.0, "on_unreadable": "fail"},
    }
    assert content["binary_classification_metrics"]["auc"]["value"] > 0.88


def test_a_replayed_request_is_answered_flight_by_flight(trained: Container) -> None:
    request = next(iter(replay.requests_of([9], rows=200)))
    with trained.start("serve", variables={"MODEL_SERVER_BIND": "unix:/tmp/server.sock"}) as running:
        running.await_ping()
        status, _, body = running.request("POST", "/invocations", request.body.encode(), {"Content-Type": "text/csv"})
    assert (status, len(body.splitlines())) == (200, 200)


def test_the_baseline_reaches_the_baseline_job_row_by_row(trained: Container, folder: Path) -> None:
    prepared = table(trained.ml / "processing" / "baseline" / "baseline.csv")
    assert prepared == table(folder / "baseline.csv")


@pytest.mark.parametrize(
    ("clock", "wait"), [("10:00:00", 0), ("10:55:59", 0), ("10:56:01", 284), ("10:59:59", 46), ("11:00:01", 0)]
)
def test_july_does_not_come_while_the_monitor_looks_by_itself(clock: str, wait: float) -> None:
    demo: Any = importlib.import_module("demo")
    moment = datetime.fromisoformat(f"2026-12-02T{clock}+00:00").timestamp()
    assert demo.seconds_past_hour(moment) == pytest.approx(wait)
