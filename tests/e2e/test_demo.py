"""The demo, whole: from raw data to a canary shift under live traffic, and to a model that knows summer. It judges itself; its exit code
is the verdict."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.stage_times import section
from tests.command_line import run
from tests.live import LiveEngine

pytestmark = pytest.mark.measured

ROOT = Path(__file__).resolve().parents[2]
FLIGHT = "UA,EWR,IAH,1400,5,5,-5,28.04,50.52,13.81,0,1010.4,10\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    command = [sys.executable, "-m", "mlsystem.engine", str(folder), "--down"]
    subprocess.run(command, check=True, capture_output=True, timeout=240)


@pytest.mark.timeout(900)
def test_the_demo_runs_from_raw_data_to_a_model_that_drift_has_trained(home: Path, tmp_path: Path) -> None:
    done = _demo(home, "--times", str(tmp_path / "times.json"))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "failed: 0" in done.stdout
    assert re.search(r"temp +│ drifted", done.stdout) and re.search(r"carrier +│ not drifted", done.stdout)
    url = next(word for word in done.stdout.split() if word.endswith("/Prod/api."))[:-1]
    _still_answers(url)
    _next_steps_work(done.stdout.partition("what to try next:")[2].strip().splitlines())
    assert LiveEngine(home).living_processes() != []
    assert "| DeployPrd, with 15 s of canary but for the first |" in section(
        json.loads((tmp_path / "times.json").read_text())
    )
    _is_told_of_twice(home)


def _demo(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "flights" / "demo.py"), "--home", str(home), "--port", "0"]
    # Beside other tests fewer requests are sent than on a free machine; a share of these can be judged as well.
    command += ["--least-requests", "400"]
    environment = {**os.environ, "COLUMNS": "160", "TERM": "dumb"}
    return subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=False, timeout=800
    )


def _is_told_of_twice(home: Path) -> None:
    """What the first run taught the system would be in the way of a second one."""
    busy = _demo(home)
    assert (busy.returncode, "an engine is already running" in busy.stdout) == (1, True)
    assert run("down", home=home).returncode == 0
    again = _demo(home)
    assert (again.returncode, "holds a system already" in again.stdout) == (1, True)
    assert LiveEngine(home).living_processes() == []


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
    assert re.search(r"drift +│ started", done.stdout)


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
