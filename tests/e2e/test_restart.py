"""When `mlsystem up` has returned, what was in service when the last engine ended is in service again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import run
from tests.finished import TIME_SCALE, copy_state
from tests.live import LiveEngine
from tests.system import Answer, System


@pytest.fixture
def home(finished_state: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    copy_state(finished_state, folder)
    yield folder
    run("down", home=folder)


def test_the_first_request_after_an_engine_has_come_up_is_answered(home: Path) -> None:
    system = System(_up(home))
    endpoint = system.outputs("prd")["EndpointName"]
    assert system.ask(system.api_url()) == Answer(200, "0.9\n", endpoint)
    dev = {"EndpointName": system.outputs("dev")["EndpointName"], "ContentType": "text/csv", "Body": b"0.8,3\n"}
    assert system.engine.client("sagemaker-runtime").invoke_endpoint(**dev)["Body"].read() == b"0.9\n"


def test_who_starts_an_engine_is_told_when_not_all_comes_back(home: Path) -> None:
    for program in (home / "images").rglob("serve"):
        program.unlink()
    up = run("up", "--port", "0", "--time-scale", str(TIME_SCALE), "--wait", "1", home=home)
    assert up.returncode == 0, up.stderr
    assert "Not all that was in service before answers yet" in up.stdout


def _up(home: Path) -> LiveEngine:
    up = run("--json", "up", "--port", "0", "--time-scale", str(TIME_SCALE), home=home)
    assert up.returncode == 0, up.stderr
    told = json.loads(up.stdout)
    assert told["restored"] is True
    live = LiveEngine(home)
    live.url = told["url"]
    return live
