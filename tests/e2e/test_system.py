"""The whole system, used with boto3 alone: what goes to production, what a change of the definition changes, what fails and how."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import small_project
from tests.command_line import run
from tests.live import eventually
from tests.small_project import NAME
from tests.system import System

PRD_TEMPLATE = "assets/deploy-model-prd.yml"


class Callers:
    """Ask the API all the time from a thread, and count who answered and what was no answer."""

    def __init__(self, system: System):
        self._system = system
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.endpoints: dict[str, int] = {}
        self.failures: list[str] = []

    def __enter__(self) -> Callers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        url = self._system.api_url()
        while not self._stop.wait(0.02):
            answer = self._system.ask(url)
            if (answer.status, answer.body) == (200, "0.9\n"):
                self.endpoints[answer.endpoint] = self.endpoints.get(answer.endpoint, 0) + 1
            else:
                self.failures.append(f"{answer.status} {answer.body}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The small project's folder, for the command line."""
    return small_project.unpack(tmp_path / "project")


@pytest.fixture
def unchanged(system: System) -> Iterator[None]:
    """Whatever the test does, production stays as it is, and serves."""
    before = system.outputs("prd")
    dev = system.outputs("dev")
    yield
    assert (system.outputs("prd"), system.outputs("dev")) == (before, dev)
    assert system.ask(system.api_url()).endpoint == before["EndpointName"]


def test_what_a_commit_changes_in_the_template_changes_in_what_runs(system: System) -> None:
    first = system.outputs("prd")["EndpointName"]

    def change(text: str) -> str:
        text = text.replace("InitialInstanceCount: !Ref InstanceCount", "InitialInstanceCount: 3")
        text = text.replace("MinCapacity: !Ref MinInstances", "MinCapacity: 3")
        return text.replace("Threshold: !Ref MaxLatencyInMilliseconds", "Threshold: 1234")

    keep_none = {"mlsystem.yaml": lambda text: text.replace("retained_versions: 1", "retained_versions: 0")}
    execution = system.commit({PRD_TEMPLATE: change, **keep_none})
    system.waits(execution)
    with Callers(system) as callers:
        system.approve(execution, "Ada: good enough")
        _ask_dev(system)
        assert system.ended(execution) == "Succeeded", system.errors(execution)
        second = system.outputs("prd")["EndpointName"]
        eventually(lambda: callers.endpoints.get(second, 0) > 50)
    assert callers.failures == []
    assert set(callers.endpoints) == {first, second}

    described = system.engine.client("sagemaker").describe_endpoint(EndpointName=second)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    instances = {lock.parent.name for lock in system.engine.living_processes() if f".{second}." in lock.parent.name}
    assert len(instances) == 3
    alarms = system.engine.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-api-latency"])["MetricAlarms"]
    assert [alarm["Threshold"] for alarm in alarms] == [1234.0]
    _check_pruned(system, execution, first, second)


def _check_pruned(system: System, execution: str, first: str, second: str) -> None:
    """The action says what it has removed, and it is gone."""
    told = system.runs(execution)["PruneVersions"]["output"]["executionResult"]["externalExecutionSummary"]
    assert told == f"removed: {first}; kept: {second}"
    sagemaker = system.engine.client("sagemaker")
    # An endpoint leaves in its own time.
    eventually(lambda: first not in [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]])
    names = [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]]
    assert sorted(names) == sorted([second, system.outputs("dev")["EndpointName"]])
    assert first not in [model["ModelName"] for model in sagemaker.list_models(NameContains="-prd")["Models"]]


def _ask_dev(system: System) -> None:
    """While the execution waits for a person, its model answers in the dev stage."""
    asked = {"EndpointName": system.outputs("dev")["EndpointName"], "ContentType": "text/csv"}
    answer = system.engine.client("sagemaker-runtime").invoke_endpoint(**asked, Body=b"0.8,3\n0.2,3\n")
    assert answer["Body"].read() == b"0.9\n0.1\n"


def test_an_execution_tells_what_started_it_of_which_commit_and_data_and_who_approved_why(system: System) -> None:
    second, first, _created = system.executions()
    assert first["trigger"]["triggerType"] == second["trigger"]["triggerType"] == "CloudWatchEvent"
    runs = system.runs(second["pipelineExecutionId"])
    assert {run["status"] for run in runs.values()} == {"Succeeded"}
    decided = runs["ApproveDeployment"]["output"]["executionResult"]["externalExecutionSummary"]
    assert decided == "Ada: good enough"
    head = system.engine.client("codecommit").get_branch(repositoryName=NAME, branchName="main")["branch"]["commitId"]
    revisions = {item["actionName"]: item["revisionId"] for item in second["sourceRevisions"]}
    assert revisions["GitSource"] == head
    job = runs["TrainModel"]["output"]["executionResult"]["externalExecutionId"].rsplit(":", 1)[1]
    arn = system.engine.client("sagemaker").describe_training_job(TrainingJobName=job)["TrainingJobArn"]
    tags = {tag["Key"]: tag["Value"] for tag in system.engine.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert (tags["GitCommitHash"], tags["DataVersionId"]) == (head, revisions["DataSource"])


def test_a_change_that_cannot_be_deployed_is_rolled_back_while_the_old_version_serves_on(system: System) -> None:
    before = system.outputs("prd")["EndpointName"]
    execution = system.commit({PRD_TEMPLATE: lambda text: text.replace("output/model.tar.gz", "output/lost.tar.gz")})
    system.waits(execution)
    with Callers(system) as callers:
        system.approve(execution)
        assert system.ended(execution) == "Failed"
        # CodePipeline goes back to what was deployed before, which CloudFormation has done already.
        rollback = system.rolled_back(execution)
        assert system.ended(rollback) == "Succeeded", system.errors(rollback)
    assert list(system.runs(rollback)) == ["NameRelease", "DeployModelPrd", "VerifyDeployment", "PruneVersions"]
    assert callers.failures == []
    assert set(callers.endpoints) == {before}
    assert "UPDATE_ROLLBACK_COMPLETE" in system.errors(execution)["DeployModelPrd"]
    stack = system.engine.client("cloudformation").describe_stacks(StackName=f"{NAME}-deploy-prd")["Stacks"][0]
    assert stack["StackStatus"] in ("UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    events = system.engine.client("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    failed = {
        e["LogicalResourceId"]: e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "UPDATE_FAILED"
    }
    assert "output/lost.tar.gz" in failed["Endpoint"]
    assert system.outputs("prd")["EndpointName"] == before


@pytest.mark.usefixtures("unchanged")
def test_a_training_that_fails_says_why_in_status_and_logs(system: System, project: Path) -> None:
    execution = system.upload({"failure": "the column carrier, which the schema names as the third, is missing"})
    assert system.ended(execution) == "Failed"
    assert (
        "the column carrier, which the schema names as the third, is missing" in system.errors(execution)["TrainModel"]
    )
    home = system.engine.folder
    status = run("--project", str(project), "status", home=home)
    told = next(line for line in status.stdout.splitlines() if line.startswith("TrainModel: "))
    assert "the column carrier, which the schema names as the third, is missing" in told
    logs = run("--project", str(project), "logs", "/aws/sagemaker/TrainingJobs", home=home)
    assert "error: the column carrier, which the schema names as the third, is missing" in logs.stdout, logs.stderr


@pytest.mark.usefixtures("unchanged")
def test_a_model_under_the_gate_fails_in_train_with_its_figures(system: System) -> None:
    execution = system.upload({"auc": "0.65"})
    assert system.ended(execution) == "Failed"
    assert "auc is 0.65; the gate asks for GreaterThan 0.7" in system.errors(execution)["TrainModel"]


@pytest.mark.usefixtures("unchanged")
def test_a_model_that_passes_the_gate_and_loses_to_the_one_in_production_fails_in_train_with_both_figures(
    system: System,
) -> None:
    champion = system.outputs("prd")["EndpointName"].removesuffix("-prd")
    execution = system.upload({"auc": "0.72"})
    assert system.ended(execution) == "Failed"
    told = f"auc is 0.72; that of the champion {champion} is 0.9 on the same test set (margin 0.15)"
    assert told in system.errors(execution)["TrainModel"]
    assert "DeployModelDev" not in system.runs(execution)


@pytest.mark.usefixtures("unchanged")
def test_a_data_source_without_a_member_fails_the_build_by_its_name(system: System) -> None:
    execution = system.upload(None, inputData=None)
    assert system.ended(execution) == "Failed"
    runs = system.runs(execution)
    assert runs["BuildTemplates"]["status"] == "Failed"
    assert "TrainModel" not in runs
    build = runs["BuildTemplates"]["output"]["executionResult"]["externalExecutionId"]
    told_at = system.engine.client("codebuild").batch_get_builds(ids=[build])["builds"][0]["logs"]
    events = system.engine.client("logs").get_log_events(
        logGroupName=told_at["groupName"], logStreamName=told_at["streamName"]
    )["events"]
    errors = [event["message"] for event in events if event["message"].startswith("error:")]
    assert len(errors) == 1
    assert "inputData.json" in errors[0]


def test_the_dashboard_is_drawn_with_what_production_does(system: System, project: Path) -> None:
    url = system.api_url()
    for _ in range(5):
        assert system.ask(url).status == 200

    def dashboard(*arguments: str, is_json: bool = False) -> str:
        options = [*(["--json"] if is_json else []), "--project", str(project)]
        done = run(*options, "dashboard", *arguments, "--hours", "0.2", home=system.engine.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shown(*arguments: str) -> dict[str, list[str]]:
        """Lines with values by their graph's title."""
        graphs = [one for one in json.loads(dashboard(*arguments, is_json=True)) if one["kind"] == "Graph"]
        return {one["title"]: [line["label"] for line in one["lines"] if line["values"]] for one in graphs}

    wanted = {
        "Requests to the API": ["Count"],
        "Invocations and errors of the API's function": ["Invocations", "Errors"],
        "What an instance uses, %": ["CPUUtilization", "MemoryUtilization", "DiskUtilization"],
    }
    eventually(lambda: wanted.items() <= shown(NAME).items())
    drawn = dashboard(NAME)
    assert "Requests to the API" in drawn and f"{NAME}-api-5xx" in drawn
    own = {"Invocations of the API's function", "Invocations of the endpoint", "Latency of the model, microseconds"}
    eventually(lambda: own <= {title for title, labels in shown().items() if labels})
    assert f"{NAME}-drift-" in dashboard() and "is not there" not in dashboard()
    unknown = run("dashboard", "nobody", home=system.engine.folder)
    assert (unknown.returncode, "no dashboard nobody" in unknown.stderr) == (4, True)
