"""studio_nbs/mlops.ipynb, run once from its first cell to its last against a system in production, and what its cells then show.

It runs in a role that has the policy beside it and no more; another day somebody who may do everything comes back to clean up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import small_project
from tests.command_line import run
from tests.finished import system_on_copy
from tests.live import LiveEngine, eventually
from tests.notebooks.running import ROOT, Executed, engine_environment, execute, nbformat
from tests.roles import limited_role
from tests.small_project import NAME
from tests.smtp import SmtpServer, link_in, open_link, serving
from tests.system import System

NOTEBOOK = ROOT / "studio_nbs" / "mlops.ipynb"
ADMIN = "ada@example.org"
POLICY = NOTEBOOK.with_name("mlops-policy.json")
CHANGED = """
DATA_SOURCE = {"hyperparameters.json": {"auc": "0.91"}}
REQUESTS_PER_SECOND = 50
CAPTURED_REQUESTS = 100
"""
LATER = """
CLEAN_UP = "everything"
DELETE_DATA = True
"""
OF_CLEANING = (
    "parameters",
    "setup",
    "helpers",
    "project",
    "studio-project",
    "clean-deployed",
    "clean-everything",
    "clean-up",
)
CHARTS = ["timeline", "metrics-chart", "canary-chart", "distributions", "widget"]


@dataclass(frozen=True)
class Story:
    """`old` is the endpoint of production before the notebook ran; `subjects` are those of the mails that came.

    `cleaned` are its cells that clean up, with those that they need, run later.
    """

    executed: Executed
    cleaned: Executed
    system: System
    old: str
    subjects: list[str]

    def cell(self, name: str) -> Any:
        return _cell(self.executed, name)

    def printed(self, name: str) -> str:
        return _printed(self.cell(name))

    def table(self, name: str) -> list[list[str]]:
        """The cells of the table that a cell of the notebook shows, row by row."""
        shown = [output.data for output in self.cell(name).outputs if output.output_type == "execute_result"]
        body = shown[-1]["text/html"].partition("<tbody>")[2]
        return [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpServer]:
    yield from serving(SmtpServer())


@pytest.fixture(scope="module")
def story(finished_state: Path, smtp: SmtpServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("mlops")
    with system_on_copy(finished_state, folder / "home", {"MLSYSTEM_SMTP": f"127.0.0.1:{smtp.port}"}) as system:
        _subscribe(system, smtp)
        old = system.outputs("prd")["EndpointName"]
        notebook = _with_parameters(folder / NOTEBOOK.name, CHANGED)
        executed = execute(notebook, folder / "executed", _limited(system.engine), NOTEBOOK.parent)
        subjects = [str(mail["Subject"]) for mail in smtp.mails_to(ADMIN)]
        cleaning = _with_parameters(folder / "later.ipynb", LATER, OF_CLEANING)
        cleaned = execute(cleaning, folder / "executed", engine_environment(system.engine), NOTEBOOK.parent)
        yield Story(executed, cleaned, system, old, subjects)


def _limited(engine: LiveEngine) -> dict[str, str]:
    """The engine's settings with keys of a role that has the notebook's policy."""
    arn = limited_role(engine, "studio", *json.loads(POLICY.read_text())["Statement"])
    keys = engine.client("sts").assume_role(RoleArn=arn, RoleSessionName="ada")["Credentials"]
    names = {"ACCESS_KEY_ID": "AccessKeyId", "SECRET_ACCESS_KEY": "SecretAccessKey", "SESSION_TOKEN": "SessionToken"}
    return {**engine_environment(engine), **{f"AWS_{name}": str(keys[member]) for name, member in names.items()}}


def _subscribe(system: System, smtp: SmtpServer) -> None:
    topic = system.stack.resource("NotificationTopic")
    system.engine.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=ADMIN)
    [question] = eventually(lambda: smtp.mails_to(ADMIN))
    open_link(link_in(question.get_content()))


def _with_parameters(target: Path, code: str, only: Sequence[str] = ()) -> Path:
    """The notebook, or some of its cells, with a cell behind that of its parameters, as tools that run notebooks do it."""
    content = nbformat.read(NOTEBOOK, as_version=4)
    content.cells = [cell for cell in content.cells if not only or cell.id in only]
    at = next(number for number, cell in enumerate(content.cells) if "parameters" in cell.metadata.get("tags", ()))
    content.cells.insert(at + 1, nbformat.v4.new_code_cell(code))
    nbformat.write(content, target)
    return target


def _cell(executed: Executed, name: str) -> Any:
    return next(cell for cell in executed.notebook.cells if cell.id == name)


def _printed(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_the_upload_starts_an_execution_that_comes_to_the_question_with_its_evidence(story: Story) -> None:
    told = re.search(r"version (\S+) of \S+ started the execution (\S+)", story.printed("upload"))
    assert told is not None
    assert story.printed("stages").endswith("the execution waits for a person\n")
    assert "model/run_pipeline.py" in story.printed("build-log")
    assert "Training Job" in [row[0] for row in story.table("workflow")]
    assert ["Training-Job", "Completed"] in [row[:2] for row in story.table("trial")]
    assert [row[-1] for row in story.table("metrics")] == ["0.90", "0.91"]
    assert story.printed("dev").startswith(f"{NAME}-dev (InService): 100 rows")
    assert {row[-1] for row in story.table("dev")} <= {"0.1", "0.9"}
    assert "auc is 0.91; the gate asks for GreaterThan 0.7. The champion" in story.printed("evidence")
    assert "auc 0.91, gate GreaterThan 0.7, champion: not worse" in story.printed("approval")


def test_clients_see_the_new_version_take_over_from_the_old_one(story: Story) -> None:
    printed = story.printed("canary")
    assert "weights of the new version: 0%, 10%, 100%\n" in printed
    assert " 0 of them not answered with 200" in printed
    answered = dict(reversed(pair) for pair in re.findall(r"(\d+) answered by (\S+)", printed))
    old, _new = answered
    assert old == story.old
    shares = [int(share) for share in re.findall(r"(\d+)% of them of the new version", story.printed("canary-chart"))]
    assert (shares[0], shares[-1]) == (0, 100)
    assert story.printed("deployment").split()[1] == "Succeeded"
    events = [row[:2] for row in story.table("deployment")]
    hooks = ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
    assert events == [[hook, "Succeeded"] for hook in hooks]
    assert [f"{NAME}-judge", "OK"] in [row[:2] for row in story.table("deployment-alarms")]


def test_the_monitor_finds_the_mistakes_of_a_client_and_no_drift(story: Story) -> None:
    assert [row[:2] for row in story.table("statistics")] == [row[:2] for row in story.table("constraints")]
    assert "100 requests, 0 failed" in story.printed("capture")
    assert len(story.table("captured-table")) == 8
    assert ["weight", "data_type_check"] in [row[:2] for row in story.table("violations")]
    assert {row[1] for row in story.table("verdicts")} == {"not drifted"}
    assert "CompletedWithViolations" in story.table("executions")[0]


def test_the_alarm_rings_and_the_guards_refuse_to_train_without_labels_and_say_so_by_mail(story: Story) -> None:
    assert "-prd is ALARM\n" in story.printed("alarm")
    assert story.table("alarm")[0][-1].endswith("to ALARM")
    assert story.printed("decision").startswith("refused - labels missing: 0 labelled rows")
    assert f"told: {ADMIN}" in story.printed("decision")
    assert [one for one in story.subjects if one.startswith(f"{NAME}: retraining refused (drift): labels missing")]
    assert [one for one in story.subjects if one.startswith("APPROVAL NEEDED")]


def test_it_draws_charts_and_puts_the_dashboard(story: Story) -> None:
    assert [name for name in CHARTS if not _pictures(story.cell(name))] == []
    assert len(_pictures(story.cell("widget"))) == 2
    assert [row[0] for row in story.table("dashboard")] == [NAME, f"{NAME}-overview"]
    assert len(story.executed.pictures) == len(CHARTS) + 1
    assert story.executed.path.is_file()


def _pictures(cell: Any) -> list[str]:
    return [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]


def test_it_leaves_nothing_behind_when_it_is_told_so(story: Story, tmp_path: Path) -> None:
    left = story.printed("clean-up")
    assert left.startswith("left of it: ") and f"{NAME}-deploy-prd" in left
    assert _printed(_cell(story.cleaned, "clean-up")).endswith("left of it: nothing\n")
    client = story.system.engine.client
    assert client("cloudformation").describe_stacks()["Stacks"] == []
    assert client("s3").list_buckets()["Buckets"] == []
    sagemaker = client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == sagemaker.list_models()["Models"] == []
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
    # And what the command that removes a system would still find.
    project = small_project.unpack(tmp_path / "project")
    asked = ("--json", "--project", str(project), "destroy", "--with-data", "--dry-run")
    done = run(*asked, home=story.system.engine.folder)
    assert json.loads(done.stdout) == []
