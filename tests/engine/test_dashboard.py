"""The project's dashboard on a live engine: each of its metrics is there once an endpoint and a function were asked."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from mlsystem.client.connection import Connection
from mlsystem.client.dashboard.body import is_stored, overview, project_body
from mlsystem.client.dashboard.widgets import AlarmWidget, MetricWidget, widgets
from mlsystem.client.project import load
from mlsystem.client.teardown.traces import Traces
from mlsystem.monitor import texts
from mlsystem.monitor.publishing import CloudWatchPublisher, dimensions_of
from tests import small_project
from tests.command_line import SCRIPTS, run
from tests.docs.documents import ROOT, shell_lines
from tests.functions import invoke, make_function
from tests.live import LiveEngine, eventually
from tests.serving import Serving
from tests.small_project import NAME, PROJECT

sys.path.insert(0, str(PROJECT / "custom_resource"))

from sagemaker_query_drift import metric_line

ENDPOINT = f"mls-small-{uuid.uuid4().hex[:8]}-prd"
FEATURES = ("distance", "dep_delay")
SOURCE = "def handler(event, context):\n    print(event['line'])\n"
TOPIC = {"Type": "AWS::SNS::Topic"}
TEMPLATE = {"Resources": {"Topic": TOPIC}, "Outputs": {"EndpointName": {"Value": ENDPOINT}}}


@dataclass(frozen=True)
class Production:
    """What the stack of production would be made of, as far as the dashboard looks at it."""

    live: LiveEngine
    project: Path

    def body(self) -> str:
        return project_body(Connection("local", self.live.folder), load(self.project))

    def command(self, *arguments: str, is_json: bool = False) -> str:
        options = [*(["--json"] if is_json else []), "--project", str(self.project)]
        done = run(*options, "dashboard", *arguments, home=self.live.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("dashboard")
    live = LiveEngine(folder / "engine", time_scale=60)
    try:
        live.start()
        made = Production(live, small_project.unpack(folder / "project"))
        _deploy(live)
        _use(live)
        yield made
    finally:
        live.stop()


def _deploy(live: LiveEngine) -> None:
    serving = Serving(live)
    config = serving.simple_config(count=2)
    serving.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config)
    assert serving.await_settled(ENDPOINT)["EndpointStatus"] == "InService"
    live.client("cloudformation").create_stack(StackName=f"{NAME}-deploy-prd", TemplateBody=json.dumps(TEMPLATE))
    for name in ("api", "query-drift"):
        make_function(live, f"{NAME}-{name}", SOURCE)
    shape = {"MetricName": "m", "Namespace": NAME, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    rule = {"Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore"}
    cloudwatch = live.client("cloudwatch")
    for name in ("alias-errors", "version-errors", f"drift-{ENDPOINT}"):
        cloudwatch.put_metric_alarm(AlarmName=f"{NAME}-{name}", **shape, **rule)


def _use(live: LiveEngine) -> None:
    """The endpoint and the function are asked; a check of the monitor tells what it does in production."""
    for _ in range(3):
        live.client("sagemaker-runtime").invoke_endpoint(EndpointName=ENDPOINT, Body=b"1,2", ContentType="text/csv")
    found = {"DriftedFeatures": [], "UnknownFeatures": [], "MonitoringSchedule": ENDPOINT, "ProcessingJobName": "job"}
    for name in ("api", "query-drift"):
        invoke(live, f"{NAME}-{name}", {"line": metric_line(found, None, NAME, time.time())})
    publisher = CloudWatchPublisher(live.client("cloudwatch"))
    dimensions = dimensions_of(ENDPOINT, ENDPOINT)
    publisher.publish(
        texts.METRIC_NAMESPACE,
        [{"MetricName": texts.METRIC_DRIFT + one, "Dimensions": dimensions, "Value": 0.3} for one in FEATURES],
    )


def _labels(live: LiveEngine, widget: MetricWidget) -> dict[str, list[str]]:
    """Of the series with values, by the expression that finds them."""
    now = datetime.now(UTC)
    answer = live.client("cloudwatch").get_metric_data(
        MetricDataQueries=[dict(query) for query in widget.queries],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=1),
    )
    named: dict[str, list[str]] = {query["Id"]: [] for query in widget.queries}
    for result in answer["MetricDataResults"]:
        if result["Values"]:
            named[result["Id"]].append(result["Label"])
    return {query["Expression"]: sorted(named[query["Id"]]) for query in widget.queries}


def _shown(production: Production) -> dict[str, list[str]]:
    """Of each expression."""
    asked = [widget for widget in widgets(production.body()) if isinstance(widget, MetricWidget)]
    return {text: labels for widget in asked for text, labels in _labels(production.live, widget).items()}


def test_every_metric_of_the_dashboard_is_emitted(production: Production) -> None:
    eventually(lambda: all(_shown(production).values()))
    shown = _shown(production)
    [drift] = [labels for text, labels in shown.items() if "feature_baseline_drift" in text]
    assert drift == sorted(texts.METRIC_DRIFT + feature for feature in FEATURES)
    [errors] = [labels for text, labels in shown.items() if '"Errors"' in text and "=api" not in text]
    assert errors == [f"{NAME}-api", f"{NAME}-query-drift"]
    assert all(len(labels) == 1 for labels in shown.values() if labels not in (drift, errors))


def test_the_alarms_are_shown_with_their_states(production: Production) -> None:
    cloudwatch = production.live.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=f"{NAME}-drift-{ENDPOINT}", StateValue="ALARM", StateReason="a test")
    cloudwatch.set_alarm_state(AlarmName=f"{NAME}-alias-errors", StateValue="OK", StateReason="a test")
    [widget] = [one for one in widgets(production.body()) if isinstance(one, AlarmWidget)]
    assert f"{NAME}-drift-{ENDPOINT}" in widget.names
    drawn = production.command("--minutes", "10")
    for name, state in ((f"drift-{ENDPOINT}", "ALARM"), ("alias-errors", "OK"), ("judge", "is not there")):
        [line] = [one for one in drawn.splitlines() if f"{NAME}-{name} " in one]
        assert state in line


def test_the_command_draws_the_projects_dashboard_and_tells_it_to_programs(production: Production) -> None:
    eventually(lambda: all(_shown(production).values()))
    told = json.loads(production.command("--hours", "0.5", is_json=True))
    assert {one["kind"] for one in told} == {"AlarmStates", "Figures", "Graph"}
    assert [one["title"] for one in told if one["kind"] != "AlarmStates" and not one["lines"]] == []
    [invocations] = [one for one in told if (one["kind"], one["title"]) == ("Graph", "Invocations of the endpoint")]
    assert sum(invocations["lines"][0]["values"]) == 3
    drawn = production.command()
    assert "Memory of an instance, %" in drawn and texts.METRIC_DRIFT in drawn and "█" in drawn
    assert "no data" not in drawn


def test_it_is_drawn_again_and_again_until_somebody_ends_it(production: Production) -> None:
    options = ["--home", str(production.live.folder), "--project", str(production.project), "--json"]
    command = [str(SCRIPTS / "mlsystem"), *options, "dashboard", "--minutes", "15", "--watch"]
    # A test run that was put into the background has its programs ignore the signal.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed) as watching:  # noqa: PLW1509
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130
    assert {one["kind"] for one in first} == {"AlarmStates", "Figures", "Graph"}


def test_it_is_put_into_cloudwatch_with_the_names_of_the_project(production: Production) -> None:
    told = json.loads(production.command("--put", is_json=True))
    assert told == {"name": f"{NAME}-overview"}
    cloudwatch = production.live.client("cloudwatch")
    text = cloudwatch.get_dashboard(DashboardName=told["name"])["DashboardBody"]
    assert text == production.body()
    assert {one["id"]: one["defaultValue"] for one in json.loads(text)["variables"]} == {
        "pipeline": NAME,
        "model": "mls-small",
        "endpoint": ENDPOINT,
        "region": "us-east-1",
        "account": "000000000000",
        "partition": "arn:aws",
    }
    assert "Invocations of the endpoint" in production.command(told["name"])
    assert json.loads(production.command("my-own", "--put", is_json=True)) == {"name": "my-own"}


def test_it_goes_with_the_system(production: Production) -> None:
    production.command("--put")
    connection, project = Connection("local", production.live.folder), load(production.project)
    [removal] = [one for one in Traces(connection, project).removals() if one.kind == "dashboard"]
    assert removal.name == overview(project)
    removal.carry_out()
    assert not is_stored(connection, overview(project))
    assert "dashboard" not in [one.kind for one in Traces(connection, project).removals()]


def test_the_commands_of_the_page_run(production: Production) -> None:
    lines = [line for line in shell_lines(ROOT / "docs" / "dashboard.md") if "--watch" not in line]
    for line in lines:
        assert production.command(*line.removeprefix("mlsystem dashboard").split())
    assert len(lines) == 5


def test_a_projects_own_file_comes_before_the_programs(production: Production) -> None:
    own = production.project / "studio_nbs" / "dashboard.json"
    own.parent.mkdir()
    own.write_text('{"widgets": [{"type": "text", "properties": {"markdown": "own words"}}]}')
    try:
        assert json.loads(production.command(is_json=True)) == [{"kind": "Words", "markdown": "own words"}]
    finally:
        own.unlink()


def test_a_dashboard_that_is_nowhere_is_told(production: Production) -> None:
    done = run("dashboard", "nobody", home=production.live.folder)
    assert (done.returncode, "no dashboard nobody" in done.stderr) == (4, True)
