"""The drill on a system in production, in its shortest form: a fault that only traffic shows is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import small_project
from tests.command_line import run
from tests.finished import system_on_copy
from tests.system import System

# A canary of a quarter of a minute, and alarms that look each three seconds.
TIME_SCALE = 20


@pytest.fixture(scope="module")
def slower(finished_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system_on_copy(finished_state, tmp_path_factory.mktemp("drill") / "home", time_scale=TIME_SCALE) as running:
        yield running


def test_a_fault_that_only_traffic_shows_is_rolled_back_by_an_alarm(
    slower: System, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = small_project.unpack(tmp_path_factory.mktemp("project") / "project")
    cases = ("--case", "answers 500, later")
    done = run(*("--json", "--project", str(project), "drill", "--rate", "40", *cases), home=slower.engine.folder)
    assert done.returncode == 0, done.stderr
    [bad] = json.loads(done.stdout)
    assert bad["outcome"]["ending"] == "rolled back"
    assert bad["outcome"]["detected_by"].startswith("alarm ")
    assert 0 < bad["harmed"] < bad["requests"]
    stack = slower.engine.client("cloudformation").describe_stacks(StackName=f"{small_project.NAME}-deploy-prd")
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Stacks"][0]["Parameters"]}
    assert parameters["Fault"] == ""


def test_a_case_that_is_not_there_is_refused_by_name(slower: System, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = small_project.unpack(tmp_path_factory.mktemp("project") / "project")
    done = run("--project", str(project), "drill", "--case", "boredom", home=slower.engine.folder)
    assert (done.returncode, "no case 'boredom'" in done.stderr) == (4, True)
