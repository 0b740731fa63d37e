"""A run of the whole system's pipeline, with the engine killed all along the way: it ends well, each job ran once, traffic never stopped.

One run is travelled from kill to kill, as a run takes long. In the short form these are the essential points; `make chaos` comes to every
passage of every point, in LEGS runs of which each can be repeated alone (`-k "kill_points_system and leg7"`).
"""

from __future__ import annotations

import email
import json
from collections import Counter
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests import small_project
from tests.finished import TIME_SCALE
from tests.jobs import leftovers, logged
from tests.killpoints import IS_CHAOS, Harness, leg
from tests.live import LiveEngine, eventually
from tests.serving import Load
from tests.small_project import NAME
from tests.system import RUN_SECONDS, Answer, System

LEGS = 24 if IS_CHAOS else 1
MAIL_BOX = "ada@example.org"
# What each program says once it has done its work.
LAST_WORDS = {
    "": "train: ",
    "-prep": "prepare: ",
    "-base": "Completed: ",
    "-pred": "Completed: ",
    "-eval": "evaluate: ",
    "-chmp": "evaluate: ",
}


class WholeRun:
    """New data on a system that is in production, up to a canary shift; meanwhile a client asks the API all the time."""

    essential: tuple[str, ...] = (
        # an upload starts an execution
        "s3.PutObject.after_commit",
        "events.deliver.before",
        "codepipeline.execution.InProgress.before_commit",
        "events.deliver.after",
        "codepipeline.start_action.after",
        # Build
        "codebuild.start_process.after",
        "codebuild.build.SUCCEEDED.before_commit",
        # Train
        "stepfunctions.execution.RUNNING.after_commit",
        "stepfunctions.start_task.after",
        "sagemaker.processing_job.start_process.after",
        "notice:stepfunctions.Tasks:sagemaker.processing_job.ended.before",
        "sagemaker.training_job.InProgress.before_commit",
        "sagemaker.training_job.start_process.after",
        "sagemaker.training_job.Completed.before_commit",
        # DeployDev
        "cloudformation.create_resource.after",
        "sagemaker.start_instance.after",
        "sagemaker.endpoint.InService.before_commit",
        "sns.deliver.before",
        "codepipeline.PutApprovalResult.after_commit",
        # DeployPrd
        "lambda.route_target.after",
        "codedeploy.invoke_hook.after",
        "codedeploy.set_traffic.after",
        "codedeploy.deployment.Succeeded.before_commit",
        "lambda.invoke_event.after",
        "codepipeline.execution.Succeeded.before_commit",
        "sns.deliver.after",
    )

    def __init__(self) -> None:
        self.traffic: Load[Answer] | None = None
        self.data: bytes = b""
        self.endpoint = ""
        """The one in production before."""

    def prepare(self, live: LiveEngine) -> None:
        """Nothing: the finished system is where this begins."""

    def act(self, live: LiveEngine) -> None:
        system = System(live)
        self._subscribe(system)
        if not self.endpoint:
            self.endpoint = system.outputs("prd")["EndpointName"]
            self.data = small_project.data_source(system.image, {"auc": "0.8"})
        self._upload(system)
        if self.traffic is None:
            url = system.api_url()
            self._await(system, lambda: system.ask(url).status == 200)
            self.traffic = Load(lambda: system.ask(url), pause_seconds=0.05)
            self.traffic.start()

    def settle(self, live: LiveEngine) -> None:
        system = System(live)
        execution = self._execution(system)
        self._decide(system, execution)
        assert system.ended(execution) == "Succeeded", system.errors(execution)
        self._await(system, lambda: f"execution {execution} has SUCCEEDED." in _letters(live))
        self._await(system, lambda: _left_over(system) == [])

    def check(self, live: LiveEngine) -> None:
        system = System(live)
        execution = self._execution(system)
        assert len(system.executions()) == 3, "one without data, one that made the finished system, and this one"
        runs = system.runs(execution)
        assert {run["status"] for run in runs.values()} == {"Succeeded"}
        _check_build(system, runs["BuildTemplates"])
        _check_jobs(system, runs["TrainModel"])
        _check_deployment(system)
        endpoint = system.outputs("prd")["EndpointName"]
        assert endpoint != self.endpoint
        assert system.ask(system.api_url()) == Answer(200, "0.9\n", endpoint)
        self._check_traffic(endpoint)

    def stop(self) -> None:
        if self.traffic is not None:
            self.traffic.stop()
        self.traffic, self.endpoint = None, ""

    # ------------------------------------------------------------------ inner
    def _subscribe(self, system: System) -> None:
        sns, topic = system.engine.client("sns"), system.stack.resource("NotificationTopic")
        known = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        if any(one["SubscriptionArn"].startswith("arn:") for one in known):
            return
        sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint=MAIL_BOX)
        self._await(system, lambda: _mails(system.engine))
        question = _mails(system.engine)[0]
        sns.confirm_subscription(TopicArn=topic, Token=json.loads(question.get_content())["Token"])

    def _upload(self, system: System) -> None:
        """Unless it was, before a crash that kept the answer back."""
        s3, place = system.engine.client("s3"), {"Bucket": system.bucket, "Key": f"{NAME}/data-source.zip"}
        if s3.get_object(**place)["Body"].read() != self.data:
            s3.put_object(**place, Body=self.data)

    def _execution(self, system: System) -> str:
        return str(eventually(lambda: found if len(found := system.executions()) > 2 else [])[0]["pipelineExecutionId"])

    def _decide(self, system: System, execution: str) -> None:
        """As somebody who is told by mail."""
        decided = system.runs(execution).get("ApproveDeployment")
        if decided is None or decided["status"] == "InProgress":
            asked = f"APPROVAL NEEDED: AWS CodePipeline {NAME} for action ApproveDeployment"
            self._await(system, lambda: system.errors(execution) or asked in _letters(system.engine), RUN_SECONDS)
            system.approve(execution, "Ada: good enough")

    def _await(self, system: System, what: Callable[[], object], timeout: float = 90.0) -> None:
        """Asks the engine something each time, to notice when it dies."""
        eventually(lambda: system.executions() and what(), timeout)

    def _check_traffic(self, endpoint: str) -> None:
        assert self.traffic is not None
        answers, failures = self.traffic.answers, self.traffic.failures
        self.stop()
        assert failures == []
        assert {(answer.status, answer.body) for answer in answers} == {(200, "0.9\n")}
        assert {answer.endpoint for answer in answers} >= {endpoint}


def _mails(live: LiveEngine) -> list[EmailMessage]:
    paths = sorted((live.folder / "mail").glob("*.eml"))
    return [email.message_from_bytes(path.read_bytes(), policy=default) for path in paths]


def _letters(live: LiveEngine) -> str:
    """All subjects and contents."""
    return "".join(f"{mail['Subject']}\n{mail.get_content()}" for mail in _mails(live))


def _left_over(system: System) -> list[str]:
    """Processes and folders that belong to nothing that is in service."""
    live = system.engine
    sagemaker = live.client("sagemaker")
    names = [found["EndpointName"] for found in sagemaker.list_endpoints()["Endpoints"]]
    endpoints = [sagemaker.describe_endpoint(EndpointName=name) for name in names]
    instances = sum(
        variant["CurrentInstanceCount"] for found in endpoints for variant in found.get("ProductionVariants", ())
    )
    living = Counter(path.parent.name.split(".")[0] for path in live.living_processes())
    functions = living.pop("function", 0)
    found = {**living, "instance folders": len(list((live.folder / "work" / "instances").iterdir()))}
    expected = {"door": 1, "endpoint-instance": instances, "instance folders": instances}
    unlike = [f"{name}: {count}" for name, count in found.items() if count != expected.get(name, 0)]
    return [*leftovers(live.folder), *unlike, *([] if functions else ["no function"])]


def _check_build(system: System, run: dict[str, Any]) -> None:
    builds = system.engine.client("codebuild").list_builds_for_project(projectName=f"{NAME}-build")["ids"]
    assert len(builds) == 2, "that of the finished system, and one more"
    assert run["output"]["executionResult"]["externalExecutionId"] in builds
    lines = logged(system.engine, f"/aws/codebuild/{NAME}-build")
    assert len([line for line in lines if "Entering phase BUILD" in line]) == len(builds), "each ran once"


def _check_jobs(system: System, run: dict[str, Any]) -> None:
    """Each said its last words once, and is one component of the trial."""
    live = system.engine
    name = run["output"]["executionResult"]["externalExecutionId"].rsplit(":", 1)[1]
    for suffix, word in LAST_WORDS.items():
        group = f"/aws/sagemaker/{'ProcessingJobs' if suffix else 'TrainingJobs'}"
        asked = {"logGroupName": group, "logStreamNamePrefix": f"{name}{suffix}/"}
        lines = [event["message"] for event in live.client("logs").filter_log_events(**asked)["events"]]
        assert len([line for line in lines if word in line]) == 1, lines
    sagemaker = live.client("sagemaker")
    components = sagemaker.list_trial_components(MaxResults=100)["TrialComponentSummaries"]
    mine = [found["TrialComponentName"] for found in components if found["TrialComponentName"].startswith(name)]
    assert len(mine) == len(set(mine)) == len(LAST_WORDS), mine


def _check_deployment(system: System) -> None:
    """The stack's update made one deployment, and it was not the second try."""
    outputs, live = system.outputs("prd"), system.engine
    place = {"applicationName": outputs["DeploymentApplication"], "deploymentGroupName": outputs["DeploymentGroup"]}
    codedeploy = live.client("codedeploy")
    [deployment] = codedeploy.list_deployments(**place)["deployments"]
    assert codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["status"] == "Succeeded"
    for stage in ("dev", "prd"):
        stack = f"{NAME}-deploy-{stage}"
        pages = live.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
        events = [event for page in pages for event in page["StackEvents"] if event["LogicalResourceId"] == stack]
        assert [event["ResourceStatus"] for event in events].count("UPDATE_COMPLETE") == 1


@pytest.fixture
def scenario() -> Iterator[WholeRun]:
    made = WholeRun()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def passages(finished_state: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """All that an undisturbed run passes; in the short form the essential points."""
    if not IS_CHAOS:
        return list(WholeRun.essential)
    made = WholeRun()
    try:
        return Harness(tmp_path_factory.mktemp("recorded"), made, TIME_SCALE).passages(finished_state)
    finally:
        made.stop()


@pytest.mark.parametrize("number", range(LEGS), ids=lambda number: f"leg{number}")
def test_a_run_of_the_pipeline_ends_well_however_often_the_engine_is_killed(
    number: int, scenario: WholeRun, passages: list[str], finished_state: Path, tmp_path: Path
) -> None:
    harness = Harness(tmp_path, scenario, TIME_SCALE)
    stops = leg(passages, number, LEGS)
    if IS_CHAOS:
        # An alarm that goes to OK and back, say, does so in some runs and not in others.
        missed = harness.travel_all(finished_state, stops)
        assert len(missed) * 10 <= len(stops), missed
    else:
        assert harness.travel(finished_state, stops) == []
