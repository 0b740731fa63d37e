"""A baseline of answers and one of requests are one baseline of captured traffic."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsystem.monitor.command import run_command
from mlsystem.monitor.container import run_container

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def run(*arguments: str | Path) -> tuple[int, str]:
    return run_command([str(argument) for argument in arguments], lambda: NOW)


def table(path: Path, name: str, values: list[float]) -> Path:
    path.write_text("".join(f"{cell}\n" for cell in (name, *values)))
    return path


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    data = table(tmp_path / "requests.csv", "size", [float(value) + 0.5 for value in range(500)])
    assert run("profile", data, "--output", tmp_path / "requests")[0] == 0
    return tmp_path / "requests"


def test_captured_answers_and_requests_are_compared_as_one(tmp_path: Path, requests: Path) -> None:
    answers = table(tmp_path / "answers.csv", "prediction", [value / 500 for value in range(500)])
    joined = tmp_path / "joined"
    made: list[str | Path] = ["--output", joined, "--join", requests, "--comparison-threshold", "0.3"]
    assert run("profile", answers, *made)[0] == 0
    for name in ("statistics.json", "constraints.json"):
        document, behind = (json.loads((folder / name).read_text()) for folder in (joined, requests))
        assert [feature["name"] for feature in document["features"]] == ["prediction", "size"]
        assert document["features"][1:] == behind["features"]
    assert document["monitoring_config"]["distribution_constraints"]["comparison_threshold"] == 0.3
    lines = []
    for value in range(300):
        sides = {"endpointOutput": f"{0.9 + value / 3000}\n", "endpointInput": f"{value * 5 / 3 + 0.5}"}
        captured = {name: {"data": data, "encoding": "CSV"} for name, data in sides.items()}
        lines.append(json.dumps({"captureData": captured}))
    (tmp_path / "capture.jsonl").write_text("\n".join(lines))
    code, found = run("check", tmp_path / "capture.jsonl", "--baseline", joined, "--output", tmp_path / "found")
    assert code == 0
    assert "Drift: drifted (of 2 features: 1 drifted, 1 not drifted)" in found
    assert "prediction: baseline_drift_check" in found


def test_a_name_that_both_have_is_refused(tmp_path: Path, requests: Path) -> None:
    data = table(tmp_path / "more.csv", "size", [1.0, 2.0])
    code, message = run("profile", data, "--output", tmp_path / "out", "--join", requests)
    assert code == 1
    assert "has features of the data's names, too: size" in message
    assert not (tmp_path / "out" / "constraints.json").exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"features": 1}'])
def test_a_baseline_that_cannot_be_read_is_not_joined(tmp_path: Path, requests: Path, content: str | None) -> None:
    path = requests / "constraints.json"
    path.unlink() if content is None else path.write_text(content)
    data = table(tmp_path / "answers.csv", "prediction", [1.0, 2.0])
    code, message = run("profile", data, "--output", tmp_path / "out", "--join", requests)
    assert code == 1
    assert f"The baseline cannot be read: {path}" in message


def test_a_check_joins_nothing(tmp_path: Path, requests: Path) -> None:
    environment = {
        "SAGEMAKER_BASE_DIR": str(tmp_path / "job"),
        "dataset_format": '{"csv":{"header":true}}',
        "dataset_source": str(tmp_path / "requests.csv"),
        "output_path": str(tmp_path / "out"),
        "baseline_constraints": str(requests),
        "joined_baseline": str(requests),
    }
    code, message = run_container(environment, lambda: None, lambda: NOW)
    assert code == 1
    assert message.startswith("joined_baseline is for a run that makes a baseline")
