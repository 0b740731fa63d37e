"""Back to an older version by one command: while a deployment is under way, and after its end. And forward, by a push."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import small_project
from tests.command_line import run
from tests.e2e.test_refused_versions import deploy
from tests.live import eventually
from tests.serving import Load
from tests.system import System

pytestmark = pytest.mark.measured


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project.unpack(tmp_path_factory.mktemp("rollback") / "project")


class Person:
    """At the command line of the system's project."""

    def __init__(self, system: System, project: Path):
        self.system = system
        self._options = ("--json", "--project", str(project))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        done = run(*self._options, *arguments, home=self.system.engine.folder)
        return done.returncode, done.stdout, done.stderr

    def answer(self, *arguments: str) -> Any:
        code, out, err = self.run(*arguments)
        assert code == 0, err
        return json.loads(out)


@pytest.fixture(scope="module")
def person(system: System, project: Path) -> Person:
    return Person(system, project)


def in_canary(system: System) -> bool:
    """Whether a new version has a share of the traffic."""
    alias = system.engine.client("lambda").get_alias(FunctionName=system.outputs("prd")["ApiFunctionName"], Name="live")
    return bool(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"))


def test_before_a_second_version_there_is_nothing_to_return_to(person: Person) -> None:
    [only] = person.answer("versions")
    assert (only["share"], only["is_standing"]) == (1.0, True)
    code, out, err = person.run("rollback", "--reason", "worse")
    assert (code, out) == (4, "")
    assert "canary.retained_versions" in err


def test_a_clone_can_be_pushed_from_any_shell_and_starts_the_pipeline(person: Person, tmp_path: Path) -> None:
    system, folder = person.system, tmp_path / "work"
    known = len(system.executions())
    assert person.answer("clone", str(folder))["url"].startswith(system.engine.url)
    (folder / "note.txt").write_text("a change that changes nothing\n")
    author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    committer = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **author, **committer}
    for words in (("add", "note.txt"), ("commit", "--quiet", "--message", "A note"), ("push", "--quiet")):
        done = subprocess.run(["git", *words], cwd=folder, env=plain, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    execution = eventually(lambda: len(system.executions()) > known and system.executions()[0])
    identifier = execution["pipelineExecutionId"]
    person.run("stop", identifier, "--abandon")
    assert system.ended(identifier) == "Stopped"
    code, _, err = person.run("clone", str(folder))
    assert (code, "already exists" in err) == (1, True)


def test_a_deployment_under_way_is_stopped_and_all_traffic_is_back(person: Person) -> None:
    system = person.system
    first = system.outputs("prd")["EndpointName"]
    url = system.api_url()
    execution = system.upload({"auc": "0.81"})
    system.waits(execution)
    with Load(lambda: system.ask(url), pause_seconds=0.02) as load:
        system.approve(execution)
        eventually(lambda: in_canary(system), timeout=90)
        assert person.answer("rollback", "--reason", "callers complain")["endpoint"] == first
        assert not in_canary(system)
        assert system.ended(execution) == "Failed"
        assert system.ended(system.rolled_back(execution)) == "Succeeded"
    assert load.failures == []
    assert {answer.status for answer in load.answers} == {200}
    assert system.ask(url).endpoint == first


def test_after_its_end_a_deployment_is_taken_back_and_history_says_what_served_when(person: Person) -> None:
    system = person.system
    url, first = system.api_url(), system.outputs("prd")["EndpointName"]
    before = datetime.now(UTC)
    assert deploy(system) == "UPDATE_COMPLETE"
    second = system.outputs("prd")["EndpointName"]
    eventually(lambda: system.ask(url).endpoint == second)
    with Load(lambda: system.ask(url), pause_seconds=0.02) as load:
        back = person.answer("rollback", "--reason", "the new one is worse")
    assert (back["endpoint"], back["share"]) == (first, 1.0)
    assert load.failures == [] and {answer.status for answer in load.answers} == {200}
    assert system.ask(url).endpoint == first
    code, _, err = person.run("rollback", back["version"], "--reason", "again")
    assert (code, "serves already" in err) == (1, True)
    code, _, err = person.run("rollback", "99", "--reason", "again")
    assert (code, "mlsystem versions" in err) == (4, True)

    forth = person.answer("rollback", second, "--reason", "it was not the model")
    assert system.ask(url).endpoint == second
    moments = (before, datetime.now(UTC) + timedelta(seconds=1))
    told = [person.answer("history", "--at", f"{moment:%Y-%m-%dT%H:%M:%S}") for moment in moments]
    assert [item["endpoint"] for item in told] == [first, second]
    assert told[1]["version"] == forth["version"]
    code, _, err = person.run("history", "--at", "2020-01-01")
    assert (code, "production came later" in err) == (4, True)
