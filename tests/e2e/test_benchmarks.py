"""Every benchmark runs: in its shortest form, whose figures say nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import flights_year, odd_loads
from benchmarks.growth import QUICK_SIZES
from benchmarks.pipeline_overhead import overhead_of, table
from benchmarks.served.environments import PEERS, environment
from benchmarks.served.programs import CODE
from mlsystem.console.navigation import GROUPS
from tests.system import System

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def figures(name: str, *options: str) -> Any:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_start_of_an_engine_is_measured() -> None:
    found = figures("engine_start", "--rounds", "1")
    assert found["fresh folder, ready"]["median_s"] > 0


def test_what_a_job_takes_more_than_its_program_is_measured() -> None:
    found = figures("engine_overhead", "--rounds", "1")
    assert found["training job"]["median_s"] > found["bare program"]["median_s"]


def test_rest_and_calls_of_the_control_plane_are_measured() -> None:
    found = figures("control_plane", "--idle-seconds", "0.5", "--seconds", "1", "--per-second", "20")
    assert found["at rest"]["megabytes"] > 0
    assert found["calls"]["all"]["calls"] == 20
    assert len(found["calls"]) == 9
    assert all(row["p99_ms"] >= row["p50_ms"] > 0 for row in found["calls"].values())


def test_objects_are_measured_beside_a_copy() -> None:
    found = figures("objects", "--megabytes", "16", "--objects", "50", "--rounds", "1")
    assert set(found["16 MiB"]) == {"copy", "upload", "download"}
    assert found["16 MiB"]["copy"]["of_copy"] == 1
    assert found["small objects"]["objects"] == 50


def test_requests_through_the_front_door_are_measured() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = figures("front_door", "--seconds", "0.1", "--rounds", "1", "--clients", "2", "--port", str(port))
    assert all(row["requests_per_second"] > 0 for row in found.values())


def _need_environments(*needed: str | Path) -> None:
    """Of peers, or with such requirements. Where they cannot be made the test is listed as not run, and with CI=true it fails."""
    try:
        for one in needed:
            environment(one if isinstance(one, Path) else PEERS / f"{one}.txt")
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"not run: {error}")


def test_the_start_of_an_instance_is_measured_beside_its_program_alone() -> None:
    _need_environments(CODE / "requirements.txt", "sample")
    found = figures("instance_start", "--rounds", "1")
    assert set(found) == {"program alone", "first instance of an image", "another instance"}
    assert all(row["median_s"] > 0 for row in found.values())


def test_an_endpoint_stands_odd_loads(need_tool: Callable[[str], str]) -> None:
    need_tool("wrk")
    _need_environments("sample")
    found = figures("odd_loads", "--seconds", "1", "--bodies", "4", "--requests", "5000")
    assert [name for name, row in found.items() if row["errors"] or not row["requests"]] == []
    assert found["slow clients"]["requests"] == odd_loads.SLOW_CLIENTS
    assert found["many requests"]["requests"] >= 5000
    held = found["many requests"]["megabytes"]
    assert all(row["after"] - row["before"] < odd_loads.MOST_MEGABYTES_MORE for row in held.values()), held
    assert all(row["before"] > 0 for row in held.values()), held


def test_where_a_request_goes_is_measured(tmp_path: Path, need_tool: Callable[[str], str]) -> None:
    need_tool("wrk")
    _need_environments("sample")
    ours = "our endpoint, all captured"
    found = figures("request_costs", "--rounds", "1", "--seconds", "1", "--only", ours, "--results", str(tmp_path))
    parts = found[ours]
    together = parts.pop("together")
    assert {"front door", "model server", "engine", "load generator"} <= set(parts)
    for where, spent in together.items():
        assert spent > 0
        assert abs(sum(row[where] for row in parts.values()) - spent) <= len(parts), "each is rounded"
    assert all(parts[name]["program"] > 0 for name in ("front door", "model server"))
    assert json.loads((tmp_path / "request_costs.json").read_text()) == {ours: {**parts, "together": together}}


def test_profiles_of_the_hot_paths_are_made(tmp_path: Path, need_tool: Callable[[str], str]) -> None:
    need_tool("wrk")
    need_tool("valgrind")
    _need_environments("sample", "py_spy", CODE / "requirements.txt")
    ours = "our endpoint, all captured"
    short = ("--seconds", "1", "--requests", "20")
    found = figures("profiles", *short, "--only", ours, "--results", str(tmp_path))
    assert json.loads((tmp_path / "profiles.json").read_text()) == found
    sampled = found["sampled"][ours]
    assert set(sampled) == {"model server", "engine"}
    assert all(0 < share <= 1 for shares in sampled.values() for share in shares.values())
    libraries = found["instructions of a request"]["library"]
    # A count, which a busy machine leaves as it is: of all that a request takes, the trees are a sixth.
    assert libraries["lib_lightgbm.so"] > sum(libraries.values()) / 8, (
        f"what is around the trees costs too much: {libraries}"
    )


def test_predictions_a_second_are_measured_beside_the_bare_handler(
    tmp_path: Path, need_tool: Callable[[str], str]
) -> None:
    need_tool("wrk")
    _need_environments("bare", "fastapi", "sample")
    ours = "our container, as behind our door"
    found = figures("serving", "--quick", "--only", ours, "FastAPI by hand", "--results", str(tmp_path))
    assert found["not measured"] == {}
    [rows] = found["cases"].values()
    assert set(rows) == {"bare handler", ours, "FastAPI by hand"}
    assert all(row["requests"] > 0 and row["errors"] == 0 for row in rows.values())
    # The only figure that a busy machine leaves as it is: both are loaded in turn. Gunicorn's worker behind Nginx has 0.3.
    assert rows[ours]["of_bare"] > 0.4, f"a request of our container costs too much: {rows}"
    assert json.loads((tmp_path / "serving.json").read_text()) == found
    assert "FastAPI by hand" in (tmp_path / "serving.md").read_text()


@pytest.mark.parametrize("parts", [("endpoints", "executions"), ("features", "rows"), ("instances",)], ids="-".join)
def test_what_grows_is_measured_at_several_sizes(
    tmp_path: Path, need_tool: Callable[[str], str], parts: Sequence[str]
) -> None:
    if "instances" in parts:
        need_tool("wrk")
        _need_environments("sample")
    if "features" in parts:
        _need_environments(CODE / "requirements.txt")
    found = figures("growth", "--quick", "--only", *parts, "--results", str(tmp_path))
    assert found["not measured"] == {}
    assert list(found["growth"]) == list(parts)
    for part, measured in found["growth"].items():
        assert [int(size) for size in measured["points"]] == list(QUICK_SIZES[part])
        for point in measured["points"].values():
            assert set(point) == set(measured["quantities"])
            assert all(value >= 0 for value in point.values())
            assert sum(value > 0 for value in point.values()) > len(point) / 2, "the kernel counts short times as none"
    assert json.loads((tmp_path / "growth.json").read_text())["growth"] == found["growth"]
    assert all(f"### {part}\n" in (tmp_path / "growth.md").read_text() for part in parts)
    assert (tmp_path / "growth.svg").read_text().startswith("<svg")


def test_how_fast_traffic_moves_is_measured() -> None:
    found = figures("traffic_moves", "--rounds", "1")
    assert set(found) == {"alias", "alarm", "stop"}
    assert all(row["max_ms"] >= row["median_ms"] >= 0 for row in found.values())


def test_the_analyzer_is_measured_beside_a_bare_scan() -> None:
    found = figures("analyzer_speed", "--rows", "2000", "--rounds", "1")
    assert {title.rsplit(", ")[-1] for title in found} == {"CSV", "capture files", "Parquet"}
    assert all(one["seconds"] > 0 and one["megabytes"] > 0 for costs in found.values() for one in costs.values())


def test_how_long_the_consoles_pages_take_is_measured_with_a_short_and_a_long_past(finished_state: Path) -> None:
    pasts = ("--small", "3", "--large", "10", "--state", str(finished_state))
    found = figures("console_pages", *pasts, "--rounds", "1", "--depth", "2")
    sections = {path for _, group in GROUPS for _, path in group}
    assert sections <= set(found["small"])
    assert sections <= set(found["large"])
    assert {"/pipeline/executions/{id}", "/workflow/state?execution&state", "/alarms?state=OK"} <= set(found["large"])
    assert all(milliseconds > 0 for milliseconds in found["large"].values())


def test_deployments_under_load_are_counted() -> None:
    found = figures("deployments", "--deployments", "2", "--time-scale", "300")
    assert (found["deployments"], found["kinds"], found["failed"]) == (2, 2, 0)
    assert found["requests"] > 20, "on a busy machine they are fewer than was asked for"


def test_a_run_of_the_pipeline_is_told_apart_into_programs_and_engine(system: System, tmp_path: Path) -> None:
    execution = next(one for one in system.executions() if one["status"] == "Succeeded")["pipelineExecutionId"]
    lines = overhead_of(system, execution, tmp_path / "bare")
    with_programs = [name for line in lines if line.program_seconds > 0 for name in line.name.split(", ")]
    # What an approver is told is gathered meanwhile.
    assert [name for name in with_programs if name != "DeployDev/TellEvidence"] == [
        "Build/BuildTemplates",
        "Train/TrainModel",
        "DeployDev/DeployModelDev",
        "DeployPrd/DeployModelPrd",
    ]
    assert "all stages together" in table({"run 1": lines})


def test_the_judge_keeps_its_false_alarm_rate_and_sees_what_is_worse(tmp_path: Path) -> None:
    found = figures("judge", "--simulations", "300", "--power", "5", "--results", str(tmp_path))
    for row in found["false alarms"].values():
        assert row["rolled_back"] <= row["stated"] * row["deployments"]
    assert found["false alarms"]["the same version twice"]["upper_bound"] < 0.01
    assert found["power"]["+5 % errors"]["20000"] == found["power"]["flipped class"]["5000"] == 1
    assert (tmp_path / "judge.svg").read_text().count("<polyline") == len(found["power"])


def test_a_year_of_flights_is_judged_by_what_is_known_of_2013() -> None:
    """The demo replays July; the whole year takes minutes."""

    def window(name: str, drifted: list[str], missing: float = 0.02) -> flights_year.Window:
        return flights_year.Window(name, 900, 0, drifted, True, "", missing)

    year = [window("2013-02", []), window("2013-07", ["temp"]), window("storm", ["temp"], 0.54)]
    mails = [
        "p: drift of temp",
        "p: retraining refused (drift): labels missing: 0",
        "p: retraining started (lasting drift): 7179 labelled rows",
        "SUCCEEDED: AWS CodeDeploy d-1",
    ]
    assert flights_year.faults(year, mails, ["lasting drift"]) == []
    for windows, told, trainings, words in (
        ([*year[:2], window("storm", [], 0.05)], mails, ["lasting drift"], "the storm does not show"),
        ([year[0], window("2013-07", []), year[2]], mails, ["lasting drift"], "July's temperatures"),
        ([replace(year[0], quiet=False), *year[1:]], mails, ["lasting drift"], "carrier or distance"),
        ([replace(year[0], failed=1), *year[1:]], mails, ["lasting drift"], "1 of 900 requests failed"),
        (year, mails[1:], ["lasting drift"], "nobody was mailed: drift of temp"),
        (year, mails, ["lasting drift", "drift"], "one training"),
    ):
        [fault] = flights_year.faults(windows, told, trainings)
        assert words in fault
