"""The demo, whole: from raw data to a canary shift under live traffic. It judges itself; its exit code is the verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.stage_times import section
from tests.live import LiveEngine

ROOT = Path(__file__).resolve().parents[2]
FLIGHT = "UA,EWR,IAH,1400,5,5,-5,28.04,50.52,13.81,0,1010.4,10\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    command = [sys.executable, "-m", "mlsystem.engine", str(folder), "--down"]
    subprocess.run(command, check=True, capture_output=True, timeout=240)


@pytest.mark.timeout(900)
def test_the_demo_runs_from_raw_data_to_a_canary_shift_under_live_traffic(home: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "flights" / "demo.py"), "--home", str(home), "--port", "0"]
    command += ["--times", str(tmp_path / "times.json")]
    environment = {**os.environ, "COLUMNS": "160", "TERM": "dumb"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "failed: 0" in done.stdout
    url = next(word for word in done.stdout.split() if word.endswith("/Prod/api."))[:-1]
    _still_answers(url)
    _next_steps_work(done.stdout.partition("what to try next:")[2].strip().splitlines())
    assert LiveEngine(home).living_processes() != []
    assert "| DeployPrd, with 30 s of canary in the second |" in section(
        json.loads((tmp_path / "times.json").read_text())
    )


def _next_steps_work(lines: list[str]) -> None:
    """As a person types them, but for the last, which ends the system."""
    assert lines[-1].strip() == "mlsystem down"
    steps = ["set -e", *lines[:-1]]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLSYSTEM")}
    done = subprocess.run(
        ["bash", "-c", "\n".join(steps)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "VerifyDeployment" in done.stdout
    assert '"EndpointStatus": "InService"' in done.stdout


def _still_answers(url: str) -> None:
    """The system is left up; what a client gets wrong is told to it, and is no fault of the server."""
    request = urllib.request.Request(url, FLIGHT.encode(), {"Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert 0.0 <= float(answer.read()) <= 1.0
    wrong = {"Content-Type": "application/xml"}, {"Content-Type": "text/csv"}
    for headers, body, status in (
        (wrong[0], b"<a/>", 415),
        (wrong[1], b"1,2\n", 400),
        (wrong[1], b"1" * 6_500_000, 413),
    ):
        request = urllib.request.Request(url, body, headers)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=30)
        with error.value:
            assert error.value.code == status
            assert json.load(error.value)
