"""The drill on a system in production, in its shortest form: a fault that only traffic shows is taken back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import small_project
from tests.command_line import SCRIPTS, run
from tests.finished import system_on_copy
from tests.live import eventually
from tests.system import System

pytestmark = pytest.mark.measured

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


def _production(system: System) -> tuple[str, str, str]:
    """The state of its stack, the fault in it, and whether all traffic goes to one version."""
    stack = system.engine.client("cloudformation").describe_stacks(StackName=f"{small_project.NAME}-deploy-prd")
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Stacks"][0]["Parameters"]}
    alias = {"FunctionName": system.outputs("prd")["ApiFunctionName"], "Name": "live"}
    routing = system.engine.client("lambda").get_alias(**alias).get("RoutingConfig", {})
    return stack["Stacks"][0]["StackStatus"], parameters["Fault"], str(routing.get("AdditionalVersionWeights", {}))


def test_a_drill_that_is_ended_leaves_nothing_behind(slower: System, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = small_project.unpack(tmp_path_factory.mktemp("project") / "project")
    command = [str(SCRIPTS / "mlsystem"), "--home", str(slower.engine.folder), "--project", str(project), "drill"]
    program = subprocess.Popen([*command, "--case", "answers 500, later"], stderr=subprocess.PIPE, text=True)
    eventually(lambda: _production(slower)[1] == "errors:12" and _production(slower)[2] != "{}", interval=0.1)
    program.terminate()
    _, said = program.communicate(timeout=60)
    assert program.returncode == 130, said
    status, fault, routing = _production(slower)
    assert (status.endswith("_COMPLETE"), fault, routing) == (True, "", "{}")


def test_nothing_is_drilled_while_another_version_serves_than_the_stacks(
    slower: System, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = small_project.unpack(tmp_path_factory.mktemp("project") / "project")
    functions = slower.engine.client("lambda")
    alias = {"FunctionName": slower.outputs("prd")["ApiFunctionName"], "Name": "live"}
    serving = functions.get_alias(**alias)["FunctionVersion"]
    known = functions.get_function_configuration(FunctionName=alias["FunctionName"])["Environment"]["Variables"]
    variables = {"Variables": {**known, "ENDPOINT_NAME": "an-older-one"}}
    functions.update_function_configuration(FunctionName=alias["FunctionName"], Environment=variables)
    functions.get_waiter("function_updated_v2").wait(FunctionName=alias["FunctionName"], WaiterConfig={"Delay": 1})
    functions.update_alias(
        **alias, FunctionVersion=functions.publish_version(FunctionName=alias["FunctionName"])["Version"]
    )
    try:
        refused = run("--project", str(project), "drill", home=slower.engine.folder)
        assert (refused.returncode, "after a rollback a drill would bring back" in refused.stderr) == (1, True)
    finally:
        functions.update_alias(**alias, FunctionVersion=serving)


def test_a_case_that_is_not_there_is_refused_by_name(slower: System, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = small_project.unpack(tmp_path_factory.mktemp("project") / "project")
    done = run("--project", str(project), "drill", "--case", "boredom", home=slower.engine.folder)
    assert (done.returncode, "no case 'boredom'" in done.stderr) == (4, True)
